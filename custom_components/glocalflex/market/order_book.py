"""A snapshot of the book to the figures that matter."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from math import fsum
from operator import attrgetter

from msgspec import Struct

from .model import BookOrder, OrderBook, Side

# By the side that orders stand on: the best order has the lowest rank.
RANKS: Mapping[Side, Callable[[BookOrder], float]] = {
    Side.SELL: attrgetter("price"),
    Side.BUY: lambda order: -order.price,
}


class BookFigures(Struct, frozen=True, kw_only=True):
    """What a book comes to. Prices in EUR/kWh, power in W; None where nothing rests."""

    created_at: datetime
    best_bid: float | None
    best_ask: float | None
    bid_power: float
    ask_power: float
    bid_orders: int
    ask_orders: int
    buy_price: float | None
    """What buying the asked size costs, on average; None where too little is offered."""
    sell_price: float | None
    """What selling the asked size brings, on average; None where too little is sought."""

    @property
    def spread(self) -> float | None:
        """Best ask less best bid; below zero where the book is crossed."""
        if self.best_bid is None or self.best_ask is None:
            return None
        return self.best_ask - self.best_bid


def summarise(book: OrderBook, size: float) -> BookFigures:
    """Reckon a book's figures, with the prices for `size` watts."""
    return BookFigures(
        created_at=book.created_at,
        best_bid=max((order.price for order in book.bids), default=None),
        best_ask=min((order.price for order in book.asks), default=None),
        bid_power=fsum(order.power for order in book.bids),
        ask_power=fsum(order.power for order in book.asks),
        bid_orders=len(book.bids),
        ask_orders=len(book.asks),
        buy_price=price_for(sorted(book.asks, key=RANKS[Side.SELL]), size=size),
        sell_price=price_for(sorted(book.bids, key=RANKS[Side.BUY]), size=size),
    )


# Sums of decimal fractions miss their mark by less than this part of it.
ROUNDING = 1e-9


class Fill(Struct, frozen=True, kw_only=True, gc=False):
    """What a walk through orders came to."""

    power: float
    """W, of what was asked: less where the orders do not reach so far."""

    price: float | None
    """Average in EUR/kWh weighted by power; None where not all is met."""

    worst_price: float | None
    """Of the last order that was needed; None where not all is met."""


def fill(orders: Iterable[BookOrder], *, size: float) -> Fill:
    """Walk orders, best first, until `size` watts are met; more than 0."""
    left = size
    cost = 0.0
    for order in orders:
        taken = min(order.power, left)
        cost += taken * order.price
        left -= taken
        if left <= size * ROUNDING:
            return Fill(power=size, price=cost / (size - left), worst_price=order.price)
    return Fill(power=size - left, price=None, worst_price=None)


def price_for(orders: Iterable[BookOrder], *, size: float) -> float | None:
    """Return the average price for `size` watts, None where the orders do not reach so far."""
    return fill(orders, size=size).price
