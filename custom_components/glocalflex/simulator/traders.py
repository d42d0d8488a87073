"""Traders with a seed, who let the market live."""

from datetime import datetime, timedelta
from math import cos, exp, pi, sqrt
from random import Random

from .documents import Json
from .market import Market
from .order_request import OrderRequest
from .orders import Place, Side, Window

COUNTRIES: dict[str, tuple[int, float]] = {
    "CZ": (2, 0.98),
    "DE": (5, 1.05),
    "CH": (2, 1.02),
    "ES": (3, 0.90),
    "FI": (3, 0.94),
    "FR": (4, 1.00),
}
"""Each country's share of the orders and its level of prices."""

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
PATIENCE = timedelta(minutes=10)
"""How long a trader's order stands."""

BASELINE: dict[str, Json] = {"source": "simulated meter"}
"""Baseline data that a sell order brings along; its shape is a guess."""


def next_quarter(now: datetime) -> datetime:
    """Find the first quarter of an hour after now."""
    since = timedelta(
        minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond
    )
    return now - since + QUARTER


def window_after(now: datetime, quarters: int) -> Window:
    """Give the window of one hour that starts so many quarters after the next one."""
    start = next_quarter(now) + quarters * QUARTER
    return Window(start, start + HOUR)


class Sentiment:
    """What power is worth: high in the morning and the evening, and wandering."""

    RETURN_HOURS = 3.0
    SWING = 0.18

    def __init__(self, random: Random, start: datetime) -> None:
        """Begin with an average mood."""
        self._random = random
        self._mood = 0.0
        self._at = start

    def price(self, now: datetime, window: Window, country: str) -> float:
        """Tell the fair price of a delivery, in €/kWh."""
        hours = (now - self._at).total_seconds() / 3600
        self._at = now
        keep = exp(-hours / self.RETURN_HOURS)
        self._mood = (
            keep * self._mood
            + self.SWING * sqrt(1 - keep * keep) * self._random.gauss()
        )
        hour = window.start.hour + window.start.minute / 60
        # Peaks at 8 and 19 o'clock, a trough after midnight and a shallow one at noon.
        day = 0.13 * cos((hour - 19) * pi / 12) + 0.10 * cos((hour - 7.5) * pi / 6)
        return (0.6 + day) * COUNTRIES[country][1] * exp(self._mood)


class Traders:
    """A crowd that places orders at random times, for itself or on behalf of one user."""

    def __init__(self, market: Market, seed: str, owner: str | None = None) -> None:
        """Prepare a crowd that sleeps."""
        self._market = market
        self._random = Random(seed)
        self._sentiment = Sentiment(self._random, market.now)
        self._owner = owner
        self._shift = 0
        self.orders_per_minute = 0.0

    def start(self, orders_per_minute: float) -> None:
        """Begin to place orders at an average rate, in simulated time; at 0 stop."""
        self._shift += 1
        self.orders_per_minute = orders_per_minute
        if orders_per_minute:
            self._plan(self._shift)

    def _plan(self, shift: int) -> None:
        pause = timedelta(minutes=self._random.expovariate(self.orders_per_minute))
        self._market.plan(self._market.now + pause, lambda: self._arrive(shift))

    def _arrive(self, shift: int) -> None:
        if shift == self._shift:
            self._market.place(self._draw(), self._owner)
            self._plan(shift)

    def _draw(self) -> OrderRequest:
        random, now = self._random, self._market.now
        side: Side = random.choice(("buy", "sell"))
        country = random.choices(
            [*COUNTRIES], [share for share, _ in COUNTRIES.values()]
        )[0]
        ids = (f"{country}-{random.randint(1, 3)}",) if random.random() < 0.2 else ()
        # A user's own orders are for soon and meant to trade, so that something happens to them.
        window = window_after(now, random.randrange(2 if self._owner else 8))
        eager = 0.15 if self._owner else -0.05
        price = self._sentiment.price(now, window, country)
        price *= 1 + (eager if side == "buy" else -eager) + random.gauss(0, 0.1)
        watts = (
            random.uniform(1000, 2000)
            if side == "buy"
            else 100 * 100 ** random.random()
        )
        brings_baseline = not self._owner or random.random() < 2 / 3
        return OrderRequest(
            side=side,
            milliwatts=round(watts / 10) * 10_000,
            price=round(price, 2),
            window=window,
            place=Place(country, ids),
            expiry_time=now + PATIENCE,
            baseline={**BASELINE} if side == "sell" and brings_baseline else None,
        )
