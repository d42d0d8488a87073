"""The trades of the last hours, in memory."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from math import fsum
from operator import attrgetter

from msgspec import Struct

from .forward_curve import QUARTER, quarter_of
from .model import Trade

# So long and so many at most: some megabytes.
LONGEST_HISTORY = timedelta(hours=24)
MOST_TRADES = 5000


class AveragePrice(Struct, frozen=True, kw_only=True):
    """What was traded in a quarter of an hour came to, weighted by energy, in EUR/kWh."""

    start: datetime
    end: datetime
    value: float


class TradeHistory:
    """Keeps each trade once, and knows from when on none is missing."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._trades: deque[Trade] = deque(maxlen=MOST_TRADES)
        """In the order of their arrival."""
        self._followed_since: datetime | None = None
        self._dropped_until: datetime | None = None

    def follow(self, since: datetime | None) -> None:
        """Note that from now on the market tells all trades; None: that it tells none."""
        self._followed_since = since

    def add(self, trade: Trade, now: datetime) -> None:
        """Keep a trade, and let go of old ones."""
        trades = self._trades
        while trades and trades[0].closed_at < now - LONGEST_HISTORY:
            trades.popleft()
        if len(trades) == MOST_TRADES:
            dropped = trades[0].closed_at
            self._dropped_until = max(self._dropped_until or dropped, dropped)
        trades.append(trade)

    def since(self, time: datetime) -> tuple[Trade, ...]:
        """Return the trades that closed at a time or later, in the order of their arrival."""
        return tuple(trade for trade in self._trades if trade.closed_at >= time)

    def complete_since(self, now: datetime) -> datetime | None:
        """Return after when no trade is missing; None where none is told just now."""
        if self._followed_since is None:
            return None
        return max(
            time
            for time in (
                self._followed_since,
                self._dropped_until,
                now - LONGEST_HISTORY,
            )
            if time is not None
        )


def newest_first(trades: Iterable[Trade]) -> list[Trade]:
    """Return trades by when they closed; of those at one time the one first that came last."""
    return sorted(trades, key=attrgetter("closed_at"))[::-1]


def average_prices(trades: Iterable[Trade]) -> list[AveragePrice]:
    """Return the average price of each quarter of an hour in which trades closed, in order.

    A trade whose energy is not known has no weight.
    """
    quarters: dict[datetime, list[tuple[float, float]]] = {}
    for trade in trades:
        if trade.energy is not None:
            quarters.setdefault(quarter_of(trade.closed_at), []).append(
                (trade.energy, trade.price)
            )
    return [
        AveragePrice(
            start=start,
            end=start + QUARTER,
            value=fsum(energy * price for energy, price in told) / total,
        )
        for start, told in sorted(quarters.items())
        if (total := fsum(energy for energy, _ in told)) > 0
    ]
