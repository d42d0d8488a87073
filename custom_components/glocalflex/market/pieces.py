"""Time cut into pieces in which the same orders stand."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from .model import BookOrder, Side
from .order_book import RANKS


class Piece(NamedTuple):
    """A piece of time, with the orders whose delivery covers all of it."""

    start: datetime
    end: datetime

    orders: Sequence[BookOrder]
    """Best first. Good until the next piece is asked for."""


def pieces(
    orders: Iterable[BookOrder], side: Side, edges: Sequence[datetime]
) -> Iterator[Piece]:
    """Cut time at edges, and wherever an order begins or ends between the first and the last.

    `edges` are sorted, `side` is the one that the orders stand on. An order whose delivery has
    no beginning or no end covers nothing.
    """
    begins: defaultdict[datetime, list[BookOrder]] = defaultdict(list)
    ends: defaultdict[datetime, list[BookOrder]] = defaultdict(list)
    for order in orders:
        if (
            edges
            and order.delivery_start is not None
            and order.delivery_end is not None
        ):
            start = max(order.delivery_start, edges[0])
            end = min(order.delivery_end, edges[-1])
            if start < end:
                begins[start].append(order)
                ends[end].append(order)
    rank = RANKS[side]
    standing: list[BookOrder] = []
    for start, end in pairwise(sorted({*begins, *ends, *edges})):
        for order in ends[start]:
            first = bisect_left(standing, rank(order), key=rank)
            del standing[standing.index(order, first)]
        for order in begins[start]:
            insort(standing, order, key=rank)
        yield Piece(start, end, standing)
