"""What a market tells, typed and immutable.

Units, unless a field says otherwise: prices in EUR/kWh, power in W, energy in
kWh, times aware and in the zone the market sent them in.
Sources: the market's documentation for the fields of trades, expired orders
and books; its example clients for those of orders; a guess for contracts.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

# A number given as text may read "nan" or "inf", which no price or power is.
type Finite = Annotated[float, Meta(ge=-1e15, le=1e15)]
type Power = Annotated[float, Meta(ge=0, le=1e15)]
type Time = Annotated[datetime, Meta(tz=True)]


class Side(StrEnum):
    """Which side of the market an order stands on."""

    BUY = "buy"
    SELL = "sell"


class Coordinates(Struct, frozen=True, gc=False):
    """A place on the map, in degrees (WGS 84, a guess)."""

    latitude: Finite | None = None
    longitude: Finite | None = None


class Location(Struct, frozen=True):
    """Where flexibility is offered, sought or traded. Any part may be missing."""

    location_id: tuple[str | None, ...] | None = ()
    """As sent; `location_ids` is without the nulls."""

    country_code: str | None = None
    """ISO 3166-1 alpha-2; "" where none is given."""

    coordinates: Coordinates | None = None

    @property
    def location_ids(self) -> tuple[str, ...]:
        """The market's names for the place."""
        return tuple(name for name in self.location_id or () if name is not None)


class TickerUpdate(Struct, frozen=True, kw_only=True):
    """What a trade and an expired order have in common."""

    created_at: Time
    price: Finite
    power: Finite | None = None
    energy: float | None = None
    delivery_start: Time | None = None
    delivery_end: Time | None = None
    location: Location | None = None


class Trade(TickerUpdate, frozen=True, kw_only=True):
    """A trade somewhere on the market."""

    closed_at: Time


class ExpiredOrder(TickerUpdate, frozen=True, kw_only=True):
    """An order that met nobody before its time was up."""

    expired_at: Time


class BookOrder(Struct, frozen=True, gc=False):
    """An order resting in the book."""

    price: Finite
    power: Power
    delivery_start: Time | None = None
    delivery_end: Time | None = None
    location: Location | None = None


class OrderBook(Struct, frozen=True, kw_only=True):
    """One snapshot of everything that rests, in no particular order.

    Delivery windows and places stand side by side, so the highest bid may lie
    above the lowest ask.
    """

    created_at: Time
    bids: tuple[BookOrder, ...]
    asks: tuple[BookOrder, ...]
    skipped: int = 0
    """Orders of the frame that could not be read."""


class Order(Struct, frozen=True, kw_only=True):
    """An order of the signed-in user's own."""

    order_id: str
    side: str | None = None
    power: Finite | None = None
    price: Finite | None = None
    delivery_start: Time | None = None
    delivery_end: Time | None = None
    expiry_time: Time | None = None
    location: Location | None = None


class Contract(Struct, frozen=True, kw_only=True):
    """A contract of the signed-in user's own: a promise to deliver or to take."""

    contract_id: str
    order_id: str | None = None
    side: str | None = None
    power: Finite | None = None
    price: Finite | None = None
    energy: float | None = None
    delivery_start: Time | None = None
    delivery_end: Time | None = None
    location: Location | None = None


class OrderUpdate(Struct, frozen=True, kw_only=True):
    """An own order's new status, by the name that the market gave it."""

    created_at: Time
    status: str
    order: Order


class ContractUpdate(Struct, frozen=True, kw_only=True):
    """An own contract's new status, by the name that the market gave it."""

    created_at: Time
    status: str
    contract: Contract


class Control(Struct, frozen=True, kw_only=True):
    """The market's word on the connection itself."""

    status: str
    message: str

    @property
    def success(self) -> bool:
        """Whether the market takes the connection."""
        return self.status == "success"


class UnknownMessage(Struct, frozen=True, kw_only=True):
    """A message of a type that this client does not know."""

    type: str
