"""One side of a book, from the best order on."""

from collections.abc import Iterable
from datetime import datetime
from math import fsum
from typing import Protocol

from msgspec import Struct

from .model import BookOrder, Side
from .order_book import RANKS, ROUNDING


class Delivered(Protocol):
    """What has a delivery window."""

    @property
    def delivery_start(self) -> datetime | None:
        """When it begins."""

    @property
    def delivery_end(self) -> datetime | None:
        """When it ends."""


class Depth(Struct, frozen=True, kw_only=True):
    """The best orders of a side, and how many there are in all."""

    orders: tuple[BookOrder, ...]
    """Best first; of those at one price the one first that the market names first."""

    total_orders: int
    total_power: float
    """W. Both of all orders in the period, also of those that are not shown."""

    is_cut: bool
    """Whether the limit left out orders that were asked for."""


def delivers_in(
    delivered: Delivered, start: datetime | None, end: datetime | None
) -> bool:
    """Tell whether any part of a delivery lies between two times; None is open.

    Without a window it lies nowhere, unless any time will do.
    """
    if start is None and end is None:
        return True
    begins, ends = delivered.delivery_start, delivered.delivery_end
    if begins is None or ends is None:
        return False
    return (start is None or ends > start) and (end is None or begins < end)


def depth(
    orders: Iterable[BookOrder],
    side: Side,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    power: float | None = None,
    limit: int,
) -> Depth:
    """Return the best orders of the side that they stand on.

    `start` and `end` leave out orders that deliver nothing in between. `power`, in W, ends
    with the order that makes up the sum, which is shown whole. `limit` is a number of orders.
    """
    found = [order for order in orders if delivers_in(order, start, end)]
    best = sorted(found, key=RANKS[side])
    if power is not None:
        best = best[: _count_to(power, best)]
    return Depth(
        orders=tuple(best[:limit]),
        total_orders=len(found),
        total_power=fsum(order.power for order in found),
        is_cut=len(best) > limit,
    )


def _count_to(power: float, orders: list[BookOrder]) -> int:
    """Return how many orders make up so much power; all where they do not reach so far."""
    left = power
    for count, order in enumerate(orders, start=1):
        left -= order.power
        if left <= power * ROUNDING:
            return count
    return len(orders)
