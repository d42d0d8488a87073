"""What it costs to run a load now or later, by what the book offers."""

from bisect import bisect_left, insort
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from math import fsum
from operator import attrgetter

from msgspec import Struct

from .forward_curve import QUARTER
from .model import BookOrder, OrderBook
from .order_book import price_for

_HOUR = timedelta(hours=1)
_price = attrgetter("price")


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
    moments, costs = _costs(book.asks, power, runs)
    position = {moment: index for index, moment in enumerate(moments)}
    result: list[RunCost] = []
    now: float | None = None
    for start, end in runs:
        pieces = costs[position[start] : position[end]]
        known = [piece for piece in pieces if piece is not None]
        cost = fsum(known) if len(known) == len(pieces) else None
        if not result:
            now = cost
        saving = None if cost is None or now is None else now - cost
        result.append(RunCost(start=start, end=end, cost=cost, saving=saving))
    return result


def _costs(
    asks: tuple[BookOrder, ...], power: float, runs: list[tuple[datetime, datetime]]
) -> tuple[list[datetime], list[float | None]]:
    """Return the moments when something begins or ends, and what the load costs between them."""
    begins: defaultdict[datetime, list[BookOrder]] = defaultdict(list)
    ends: defaultdict[datetime, list[BookOrder]] = defaultdict(list)
    for ask in asks:
        if runs and ask.delivery_start is not None and ask.delivery_end is not None:
            start = max(ask.delivery_start, runs[0][0])
            end = min(ask.delivery_end, runs[-1][1])
            if start < end:
                begins[start].append(ask)
                ends[end].append(ask)
    moments = sorted({*begins, *ends}.union(*runs))
    costs: list[float | None] = []
    offered: list[BookOrder] = []
    """Cheapest first."""
    for moment, following in pairwise(moments):
        for ask in ends[moment]:
            del offered[offered.index(ask, bisect_left(offered, ask.price, key=_price))]
        for ask in begins[moment]:
            insort(offered, ask, key=_price)
        price = price_for(offered, size=power)
        energy = power / 1000 * ((following - moment) / _HOUR)
        costs.append(None if price is None else price * energy)
    return moments, costs
