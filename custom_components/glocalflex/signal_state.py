"""A price held against a limit, for long enough. Knows nothing of Home Assistant and of no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import fsum
from typing import NamedTuple, Protocol

from msgspec import Struct

# Decimal fractions that are added miss their mark by less than the last of these digits.
DIGITS = 12


class SignalPrice(StrEnum):
    """Which price a signal watches."""

    LAST_PRICE = "last_price"
    BEST_BID = "best_bid"
    BEST_ASK = "best_ask"


class Direction(StrEnum):
    """On which side of its limit a price is good."""

    BELOW = "below"
    ABOVE = "above"


class Offer(Protocol):
    """What an order in the book and a trade have in common."""

    @property
    def price(self) -> float:
        """EUR/kWh."""

    @property
    def power(self) -> float | None:
        """W."""


class Quote(NamedTuple):
    """What is known of a price now."""

    price: float | None
    """EUR/kWh; None where nothing is offered or sought."""
    offers: Sequence[Offer]
    """The orders that stand behind it, or the trade."""


class SignalRule(Struct, frozen=True, kw_only=True):
    """When a signal is on. Prices in EUR/kWh."""

    price: SignalPrice
    direction: Direction
    limit: float
    """At which itself a price is not good."""
    hysteresis: float = 0.0
    """How far past the limit a price must be for the signal to go off again."""
    least_on: timedelta = timedelta()
    least_off: timedelta = timedelta()
    least_power: float = 0.0
    """What must stand behind the price, in W."""

    def edge(self, *, is_on: bool) -> float:
        """Return where a signal that is on goes off, and one that is off goes on."""
        if not is_on:
            return self.limit
        is_below = self.direction is Direction.BELOW
        return round(
            self.limit + (self.hysteresis if is_below else -self.hysteresis), DIGITS
        )

    def is_good(self, price: float, edge: float) -> bool:
        """Tell whether a price lies on the good side of an edge."""
        return price < edge if self.direction is Direction.BELOW else price > edge


class Memory(Struct, frozen=True, kw_only=True):
    """What a signal was when its price was last known."""

    on: bool
    since: datetime


@dataclass(kw_only=True)
class SignalState:
    """Whether a price is good, by what is known of it now."""

    rule: SignalRule
    memory: Memory | None = None
    """Outlives times without data, so that a least time does too."""
    is_on: bool | None = None
    """None while the price is not known."""
    price: float | None = None
    power: float | None = None
    """What stands behind the price on the good side of the limit, in W; None where not known."""
    due: datetime | None = None
    """When a least time is over that keeps the signal as it is."""

    def update(self, quote: Quote | None, now: datetime) -> None:
        """Reckon the signal; without a quote nothing is known."""
        self.due = None
        if quote is None:
            self.is_on = self.price = self.power = None
            return
        memory = self.memory
        edge = self.rule.edge(is_on=memory is not None and memory.on)
        self.price = quote.price
        self.power = 0.0
        is_good = quote.price is not None and self.rule.is_good(quote.price, edge)
        if is_good:
            self.power = fsum(
                offer.power or 0.0
                for offer in quote.offers
                if self.rule.is_good(offer.price, edge)
            )
        wanted = is_good and self.power >= self.rule.least_power
        if memory is None:
            memory = Memory(on=wanted, since=now)
        elif memory.since > now:
            # A clock that was set back must not keep it for longer than the least time.
            memory = Memory(on=memory.on, since=now)
        if memory.on is not wanted:
            least = self.rule.least_on if memory.on else self.rule.least_off
            over = memory.since + least
            # Where there is no price at all, there is none to be on for.
            if now >= over or quote.price is None:
                memory = Memory(on=wanted, since=now)
            else:
                self.due = over
        self.memory = memory
        self.is_on = memory.on
