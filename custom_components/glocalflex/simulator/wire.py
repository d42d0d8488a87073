"""The market's documents, in the shapes of its WebSocket documentation."""

from datetime import UTC, datetime
from typing import Literal, NamedTuple, cast

from .contracts import Contract, ContractStatus
from .documents import Document, Json
from .engine import Fill
from .orders import MILLIWATTS, Order, Place, Side, Window

type Stream = Literal["ticker", "orderbook", "trade"]
type OrderStatus = Literal[
    "awaiting_baseline_data",
    "accepted",
    "matching_active",
    "filled",
    "partially_filled",
    "expired",
]
"""The first four are documented, the others are a guess."""

BOOK_SIDES: tuple[tuple[Side, str], ...] = (("buy", "bids"), ("sell", "asks"))

STREAMS: tuple[Stream, ...] = ("ticker", "orderbook", "trade")

# Guesses, where the market's documentation is silent.
ENERGY_PER_WATT_HOUR = 1.0
"""`energy` is in Wh."""
ORDER_ID = "order_id"
CONTRACT_ID = "contract_id"
NO_LOCATION_ID: list[Json] = [None]
"""What an order without a grid location carries: what the example client sends."""

COUNTRIES: dict[str, tuple[float, float]] = {
    "CZ": (49.8, 15.5),
    "DE": (51.2, 10.4),
    "CH": (46.8, 8.2),
    "ES": (40.2, -3.6),
    "FI": (62.5, 26.0),
    "FR": (46.6, 2.5),
}
"""The pilot countries with the coordinates that a trade there is given: latitude, longitude."""


class Entry(NamedTuple):
    """A document that the market told."""

    sequence: int
    stream: Stream
    user: str | None
    """Whom it was told, on the trade stream."""

    document: Document
    """Exactly as sent."""

    @property
    def data(self) -> Document:
        """Return what the document is about."""
        return cast("Document", self.document["data"])

    @property
    def status(self) -> str | None:
        """Return the status that a document of the trade stream tells."""
        return cast("str | None", self.document.get("name"))


def timestamp(time: datetime) -> str:
    """Write a time as RFC 3339 in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def watts(milliwatts: int) -> float:
    """Write a power in W."""
    return milliwatts / MILLIWATTS


def energy(milliwatts: int, window: Window) -> float:
    """Write the energy of a power over a window."""
    return watts(milliwatts) * window.hours * ENERGY_PER_WATT_HOUR


def price_key(price: float) -> str:
    """Write a price as a key of the order book."""
    return repr(price).removesuffix(".0")


def location(place: Place) -> Document:
    """Write a place as an order carries it."""
    return {
        "location_id": [*place.ids] or NO_LOCATION_ID,
        "country_code": place.country,
    }


def connected() -> Document:
    """Confirm a connection."""
    return {
        "type": "control",
        "status": "success",
        "data": {"message": "Connected to the WebSocket API"},
    }


def ticker_update(fill: Fill, now: datetime) -> Document:
    """Tell everybody of a trade."""
    data: Document = {
        "closed_at": timestamp(now),
        "price": fill.price,
        **_traded(
            fill.milliwatts, fill.sell.window, fill.sell.place.meet(fill.buy.place)
        ),
    }
    return {"type": "ticker_update", "created_at": timestamp(now), "data": data}


def expired_order_update(order: Order, milliwatts: int, now: datetime) -> Document:
    """Tell everybody of an order that expired, with the power that was left of it."""
    data: Document = {
        "expired_at": timestamp(now),
        "price": order.price,
        **_traded(milliwatts, order.window, order.place),
    }
    return {"type": "expired_order_update", "created_at": timestamp(now), "data": data}


def order_status_update(order: Order, status: OrderStatus, now: datetime) -> Document:
    """Tell its owner how an order stands."""
    data: Document = {
        ORDER_ID: order.order_id,
        "side": order.side,
        "power": watts(order.milliwatts),
        "price": order.price,
        **_window(order.window),
        "expiry_time": timestamp(order.expiry_time),
        "location": location(order.place),
        "baseline": order.baseline,
    }
    return {
        "type": "order_status_update",
        "name": status,
        "created_at": timestamp(now),
        "data": data,
    }


def contract_status_update(
    contract: Contract, status: ContractStatus, now: datetime
) -> Document:
    """Tell a party how its contract stands. All fields of `data` are a guess."""
    order = contract.order
    data: Document = {
        CONTRACT_ID: contract.contract_id,
        ORDER_ID: order.order_id,
        "side": order.side,
        "power": watts(contract.milliwatts),
        "price": contract.price,
        "energy": energy(contract.milliwatts, order.window),
        **_window(order.window),
        "location": location(contract.place),
    }
    return {
        "type": "contract_status_update",
        "name": status,
        "created_at": timestamp(now),
        "data": data,
    }


def book_order(order: Order, milliwatts: int) -> Document:
    """Write an order as the book shows it."""
    return {
        "side": order.side,
        "power": watts(milliwatts),
        "price": order.price,
        **_window(order.window),
        "energy": energy(milliwatts, order.window),
        "location": location(order.place),
    }


def _window(window: Window) -> Document:
    return {
        "delivery_start": timestamp(window.start),
        "delivery_end": timestamp(window.end),
    }


def _traded(milliwatts: int, window: Window, place: Place) -> Document:
    where = location(place)
    if place.country in COUNTRIES:
        latitude, longitude = COUNTRIES[place.country]
        where["coordinates"] = {"latitude": latitude, "longitude": longitude}
    return {
        **_window(window),
        "energy": energy(milliwatts, window),
        "power": watts(milliwatts),
        "location": where,
    }
