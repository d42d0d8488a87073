"""What it costs to run a load now or later, by what the book offers."""

from datetime import datetime, timedelta
from math import fsum

from msgspec import Struct

from .forward_curve import QUARTER
from .model import OrderBook, Side
from .order_book import price_for
from .pieces import pieces

_HOUR = timedelta(hours=1)


class RunCost(Struct, frozen=True, kw_only=True):
    """One of the runs that a load could make. Money in EUR."""

    start: datetime
    end: datetime

    cost: float | None
    """Below zero where the load is paid to run; None where too little is offered."""

    saving: float | None
    """What it costs less than the earliest run; None where one of the two has no cost."""


def run_costs(
    book: OrderBook,
    *,
    power: float,
    duration: timedelta,
    earliest: datetime,
    ready_by: datetime,
) -> list[RunCost]:
    """Return what a load of `power` watts costs, for starts a quarter of an hour apart.

    The first run starts at `earliest`, the last ends by `ready_by`, both in UTC; none
    where there is no time for one. At each moment the load takes the cheapest asks whose delivery
    covers it, as many as it needs: an order is taken to serve any part of its delivery
    window (a guess).
    """
    count = (ready_by - duration - earliest) // QUARTER + 1
    starts = [earliest + index * QUARTER for index in range(count)]
    runs = [(start, start + duration) for start in starts]
    position: dict[datetime, int] = {}
    costs: list[float | None] = []
    """Of the pieces of time from the first run to the last, in order."""
    for piece in pieces(
        book.asks, Side.SELL, sorted({*starts, *(end for _, end in runs)})
    ):
        position[piece.start] = len(costs)
        price = price_for(piece.orders, size=power)
        energy = power / 1000 * ((piece.end - piece.start) / _HOUR)
        costs.append(None if price is None else price * energy)
    result: list[RunCost] = []
    now: float | None = None
    for start, end in runs:
        # The last run ends with the last piece.
        own = costs[position[start] : position.get(end)]
        known = [cost for cost in own if cost is not None]
        cost = fsum(known) if len(known) == len(own) else None
        if not result:
            now = cost
        saving = None if cost is None or now is None else now - cost
        result.append(RunCost(start=start, end=end, cost=cost, saving=saving))
    return result
