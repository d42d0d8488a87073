"""A snapshot of the book to its forward curve: prices and depth by the quarter of an hour."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from .model import BookOrder, OrderBook

QUARTER = timedelta(minutes=15)


class CurvePoint(Struct, frozen=True, kw_only=True):
    """What the orders come to whose delivery covers the whole of a quarter of an hour.

    Prices in EUR/kWh, None where no order covers it; power in W.
    """

    start: datetime
    end: datetime
    best_bid: float | None
    best_ask: float | None
    bid_power: float
    ask_power: float


type ForwardCurve = tuple[CurvePoint, ...]


def quarter_of(time: datetime) -> datetime:
    """Return the beginning of the quarter of an hour that a time in UTC lies in."""
    return time - timedelta(
        minutes=time.minute % 15, seconds=time.second, microseconds=time.microsecond
    )


def forward_curve(book: OrderBook, start: datetime, quarters: int) -> ForwardCurve:
    """Return a book's prices for so many quarters of an hour from `start`, in UTC, on."""
    bids = _Side(start, quarters, sign=-1)
    asks = _Side(start, quarters, sign=1)
    bids.add(book.bids)
    asks.add(book.asks)
    return tuple(
        CurvePoint(
            start=start + index * QUARTER,
            end=start + (index + 1) * QUARTER,
            best_bid=bids.best[index],
            best_ask=asks.best[index],
            bid_power=bids.power[index],
            ask_power=asks.power[index],
        )
        for index in range(quarters)
    )


class _Side:
    """One side of a book, by the quarter."""

    def __init__(self, start: datetime, quarters: int, *, sign: int) -> None:
        """With sign 1 the lowest price is the best, with -1 the highest."""
        self.best: list[float | None] = [None] * quarters
        self.power = [0.0] * quarters
        self._start = start
        self._sign = sign

    def add(self, orders: Iterable[BookOrder]) -> None:
        """Take orders; one whose delivery has no beginning or no end covers nothing."""
        # Orders are many, delivery windows few: each window is spread over its quarters once.
        windows: dict[tuple[datetime, datetime], tuple[float, float]] = {}
        sign = self._sign
        for order in orders:
            if order.delivery_start is None or order.delivery_end is None:
                continue
            window = (order.delivery_start, order.delivery_end)
            if (known := windows.get(window)) is None:
                windows[window] = (order.price, order.power)
            else:
                best, power = known
                if sign * order.price < sign * best:
                    best = order.price
                windows[window] = (best, power + order.power)
        for (start, end), (best, power) in windows.items():
            first = max(-((self._start - start) // QUARTER), 0)
            last = min((end - self._start) // QUARTER, len(self.best))
            for index in range(first, last):
                self.power[index] += power
                shown = self.best[index]
                if shown is None or sign * best < sign * shown:
                    self.best[index] = best
