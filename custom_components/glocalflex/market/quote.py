"""What it costs to buy, or brings to sell, so much power for a window, by what the book holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import fsum

from msgspec import Struct

from .model import OrderBook, Side
from .order_book import fill
from .pieces import pieces

_HOUR = timedelta(hours=1)


class QuotePiece(Struct, frozen=True, kw_only=True):
    """A piece of the window in which the same orders stand.

    What is None is so because the book does not hold as much as is asked.
    """

    start: datetime
    end: datetime

    total: float | None
    """EUR: what buying costs, or selling brings."""

    average_price: float | None
    """EUR/kWh."""

    worst_price: float | None
    """EUR/kWh, of the last order that is needed."""

    met_power: float
    """W, at most what is asked."""

    available_power: float
    """W, of all orders."""


class Quote(Struct, frozen=True, kw_only=True):
    """A window's pieces, and what they come to. None where too little stands in one of them."""

    pieces: Sequence[QuotePiece]

    total: float | None
    """EUR: what buying costs, or selling brings. Below zero it is the other way round."""

    average_price: float | None
    """EUR/kWh."""

    worst_price: float | None
    """EUR/kWh, of the last order that is needed in any piece: a limit for one order."""

    met_energy: float
    """kWh, of what is asked."""

    available_power: float
    """W, the most that is there throughout the window."""


def quote(
    book: OrderBook, *, side: Side, power: float, start: datetime, end: datetime
) -> Quote:
    """Return what buying or selling `power` watts from `start` to `end`, which is later, comes to.

    At each moment the best orders of the other side are taken whose delivery covers it, as
    many as are needed: an order is taken to serve any part of its delivery window (a guess).
    """
    buys = side is Side.BUY
    orders, other_side = (book.asks, Side.SELL) if buys else (book.bids, Side.BUY)
    found: list[QuotePiece] = []
    met: list[float] = []
    for piece in pieces(orders, other_side, (start, end)):
        hours = (piece.end - piece.start) / _HOUR
        filled = fill(piece.orders, size=power)
        price = filled.price
        found.append(
            QuotePiece(
                start=piece.start,
                end=piece.end,
                total=None if price is None else price * power / 1000 * hours,
                average_price=price,
                worst_price=filled.worst_price,
                met_power=filled.power,
                available_power=fsum(order.power for order in piece.orders),
            )
        )
        met.append(filled.power / 1000 * hours)
    totals = [piece.total for piece in found if piece.total is not None]
    worst = [piece.worst_price for piece in found if piece.worst_price is not None]
    is_met = len(totals) == len(found)
    total = fsum(totals) if is_met else None
    energy = power / 1000 * ((end - start) / _HOUR)
    return Quote(
        pieces=found,
        total=total,
        average_price=None if total is None else total / energy,
        worst_price=(max if buys else min)(worst) if is_met else None,
        met_energy=fsum(met),
        available_power=min(piece.available_power for piece in found),
    )
