"""What is traded: orders, and the delivery windows and places that must fit."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from .documents import Json

type Side = Literal["buy", "sell"]

MILLIWATTS = 1000
"""Power is held in whole milliwatts, so that the fills of an order add up to it exactly."""


class Window(NamedTuple):
    """A delivery window."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds() / 3600


class Place(NamedTuple):
    """Where power is delivered or wanted: no country is any country, no id is any grid location."""

    country: str = ""
    ids: tuple[str, ...] = ()
    segment: int = 0
    """0 is the open market; orders of another segment meet only each other. Never told to anybody."""

    def fits(self, other: Place) -> bool:
        """Tell whether an order here can meet an order there."""
        return (
            self.segment == other.segment
            and (not self.country or not other.country or self.country == other.country)
            and (
                not self.ids or not other.ids or not set(self.ids).isdisjoint(other.ids)
            )
        )

    def meet(self, other: Place) -> Place:
        """Tell where power changes hands between two places that fit."""
        shared = tuple(name for name in self.ids if name in other.ids)
        return Place(self.country or other.country, shared or self.ids or other.ids)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Order:
    """An order as its owner placed it."""

    order_id: str
    owner: str | None
    """The user whose order it is; None is one of the traders."""

    side: Side
    milliwatts: int
    price: float
    """€/kWh; the highest that a buyer pays, the lowest that a seller takes."""

    window: Window
    place: Place
    expiry_time: datetime
    baseline: Json = None
    """What the owner gave as baseline data, as it came; None on buy orders."""

    def crosses(self, other: Order) -> bool:
        """Tell whether this order and one of the other side agree on a price."""
        if self.side == "buy":
            return self.price >= other.price
        return self.price <= other.price

    def fits(self, other: Order) -> bool:
        """Tell whether the two could trade with each other."""
        return (
            self.side != other.side
            and self.window == other.window
            and self.place.fits(other.place)
            and self.crosses(other)
        )
