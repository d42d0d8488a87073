"""A frame off the wire to a message: every tolerance towards the market lives here.

The market's documentation gives the shapes; what is a guess is marked so.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, cast

import msgspec
from msgspec import DecodeError, Raw, Struct, ValidationError, convert

from .exceptions import UndecodableFrame
from .model import (
    BookOrder,
    Contract,
    ContractUpdate,
    Control,
    ExpiredOrder,
    Finite,
    Location,
    Order,
    OrderBook,
    OrderUpdate,
    Time,
    Trade,
    UnknownMessage,
)

type Frame = str | bytes
type Message = (
    Control
    | Trade
    | ExpiredOrder
    | OrderBook
    | OrderUpdate
    | ContractUpdate
    | UnknownMessage
)

ORDER_STATUSES = ("awaiting_baseline_data", "accepted", "matching_active", "filled")
CONTRACT_STATUSES = (
    "verification_initiated",
    "verification_completed_success",
    "settlement_initiated",
    "settlement_completed_success",
)

# Where an identifier may stand: the documentation names none. [guess]
ORDER_ID_FIELDS = ("order_id", "id", "uuid", "_id")
CONTRACT_ID_FIELDS = ("contract_id", "id", "uuid", "_id")

# A status that begins so is a contract's, whatever follows. [guess]
CONTRACT_STATUS_PREFIXES = ("verification_", "settlement_")

# What tells one order or contract from another where it carries no identifier. [guess]
IDENTIFYING_FIELDS = (
    "order_id",
    "side",
    "power",
    "price",
    "delivery_start",
    "delivery_end",
    "expiry_time",
    "location",
)

# How far `energy` may lie from power x duration and still be taken for it. [guess]
ENERGY_TOLERANCE = 0.1


class _Envelope(Struct):
    """What every message has around its data."""

    type: str
    name: Any = None
    status: Any = None
    created_at: Any = None
    data: Raw = Raw(b"null")


class _ControlData(Struct):
    message: str = ""


class _TickerData(Struct):
    """The data of a trade and, with another time, of an expired order."""

    price: Finite
    closed_at: Time | None = None
    expired_at: Time | None = None
    power: Finite | None = None
    energy: Finite | None = None
    delivery_start: Time | None = None
    delivery_end: Time | None = None
    location: Location | None = None


class _BookData(Struct):
    bids: dict[str, list[BookOrder]] | None = None
    asks: dict[str, list[BookOrder]] | None = None


class _OwnData(Struct):
    """The data of an own order or contract, its identifier apart."""

    order_id: str | int | None = None
    side: str | None = None
    power: Finite | None = None
    price: Finite | None = None
    energy: Finite | None = None
    delivery_start: Time | None = None
    delivery_end: Time | None = None
    expiry_time: Time | None = None
    location: Location | None = None


_envelopes = msgspec.json.Decoder(_Envelope, strict=False)
_books = msgspec.json.Decoder(_BookData, strict=False)


def is_order_book(frame: Frame) -> bool:
    """Tell a snapshot of the book from any other frame, without decoding it."""
    if isinstance(frame, str):
        return '"orderbook_update"' in frame
    return b'"orderbook_update"' in frame


def decode(frame: Frame, received_at: datetime) -> Message:
    """Read one frame.

    `received_at` stands in for a time that the market did not give.
    Raises UndecodableFrame.
    """
    try:
        envelope = _envelopes.decode(frame)
        return _message(envelope, _time(envelope.created_at, received_at))
    except (DecodeError, UnicodeError, RecursionError) as error:
        raise UndecodableFrame(str(error)) from error


def _message(envelope: _Envelope, created_at: datetime) -> Message:
    """Read an envelope's data by its type."""
    data = envelope.data
    match envelope.type:
        case "orderbook_update":
            return _order_book(data, created_at)
        case "ticker_update":
            wire = _lenient(_TickerData, _fields(data))
            return Trade(
                closed_at=wire.closed_at or created_at, **_terms(wire, created_at)
            )
        case "expired_order_update":
            wire = _lenient(_TickerData, _fields(data))
            return ExpiredOrder(
                expired_at=wire.expired_at or created_at, **_terms(wire, created_at)
            )
        case "order_status_update" | "contract_status_update" as kind:
            return _own_update(kind, envelope, created_at)
        case "control":
            control = _lenient(_ControlData, _fields(data))
            return Control(status=_text(envelope.status), message=control.message)
        case unknown:
            return UnknownMessage(type=unknown)


def _terms(wire: _TickerData, created_at: datetime) -> dict[str, Any]:
    """Return the fields that a trade and an expired order have in common."""
    return {
        "created_at": created_at,
        "price": wire.price,
        "power": wire.power,
        "energy": _energy(wire),
        "delivery_start": wire.delivery_start,
        "delivery_end": wire.delivery_end,
        "location": wire.location,
    }


def _order_book(data: Raw, created_at: datetime) -> OrderBook:
    """Read a snapshot at once, or order by order where one of them is bad."""
    try:
        book = _books.decode(data)
    except ValidationError:
        return _order_book_piecemeal(_fields(data), created_at)
    return OrderBook(
        created_at=created_at,
        bids=_flat((book.bids or {}).values()),
        asks=_flat((book.asks or {}).values()),
    )


def _flat(levels: Iterable[list[BookOrder]]) -> tuple[BookOrder, ...]:
    return tuple(order for level in levels for order in level)


def _order_book_piecemeal(data: Mapping[str, Any], created_at: datetime) -> OrderBook:
    """Read a snapshot order by order, leaving out what cannot be read."""
    sides: dict[str, tuple[BookOrder, ...]] = {}
    skipped = 0
    for side in ("bids", "asks"):
        orders: list[BookOrder] = []
        levels = data.get(side) or {}
        if not isinstance(levels, dict):
            raise ValidationError(f"{side} is no object")
        for price, level in levels.items():
            for wire in level if isinstance(level, list) else (level,):
                try:
                    # The level's price serves an order that brings none.
                    orders.append(_lenient(BookOrder, {"price": price} | wire))
                except ValidationError, TypeError:
                    skipped += 1
        sides[side] = tuple(orders)
    return OrderBook(
        created_at=created_at, bids=sides["bids"], asks=sides["asks"], skipped=skipped
    )


def _own_update(
    kind: Literal["order_status_update", "contract_status_update"],
    envelope: _Envelope,
    created_at: datetime,
) -> OrderUpdate | ContractUpdate:
    """Read an update of an own order or contract.

    The documentation's own example of a contract update carries an order's
    type, so a contract's status makes it a contract whatever the type says.
    """
    fields = _fields(envelope.data)
    wire = _lenient(_OwnData, fields)
    status = _text(envelope.name)
    if kind == "contract_status_update" or status.startswith(CONTRACT_STATUS_PREFIXES):
        return ContractUpdate(
            created_at=created_at,
            status=status,
            contract=Contract(
                contract_id=_identifier(fields, CONTRACT_ID_FIELDS, wire),
                order_id=None if wire.order_id is None else str(wire.order_id),
                side=wire.side,
                power=wire.power,
                price=wire.price,
                energy=_energy(wire),
                delivery_start=wire.delivery_start,
                delivery_end=wire.delivery_end,
                location=wire.location,
            ),
        )
    return OrderUpdate(
        created_at=created_at,
        status=status,
        order=Order(
            order_id=_identifier(fields, ORDER_ID_FIELDS, wire),
            side=wire.side,
            power=wire.power,
            price=wire.price,
            delivery_start=wire.delivery_start,
            delivery_end=wire.delivery_end,
            expiry_time=wire.expiry_time,
            location=wire.location,
        ),
    )


def _identifier(fields: Mapping[str, Any], names: Iterable[str], wire: _OwnData) -> str:
    """Return the identifier sent, else one derived from what tells it apart."""
    for name in names:
        if (value := fields.get(name)) not in (None, ""):
            return str(value)
    # What was read, not what was sent: 1000 and "1000.0" are one power, and a
    # moment is one in any zone.
    values = (getattr(wire, name) for name in IDENTIFYING_FIELDS)
    known = [
        value.timestamp() if isinstance(value, datetime) else value for value in values
    ]
    return f"derived-{sha256(msgspec.json.encode(known)).hexdigest()[:16]}"


def _fields(data: Raw) -> dict[str, Any]:
    """Return an object's fields as they came; null has none."""
    fields = msgspec.json.decode(data)
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        raise ValidationError("data is no object")
    return fields


def _lenient[StructT: Struct](
    kind: type[StructT], fields: Mapping[str, Any]
) -> StructT:
    """Read an object, leaving out each optional field that cannot be read."""
    try:
        return convert(fields, kind, strict=False)
    except ValidationError:
        readable: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            value = fields.get(field.name)
            with suppress(ValidationError):
                readable[field.name] = (
                    _lenient(Location, value)
                    if field.name == "location" and isinstance(value, dict)
                    else convert(value, field.type, strict=False)
                )
        return convert(readable, kind, strict=False)


def _text(value: object) -> str:
    """Return a name as it came, or what would be written for it."""
    return "" if value is None else str(value)


def _time(value: object, otherwise: datetime) -> datetime:
    """Read a time, or take the other one."""
    try:
        return cast(datetime, convert(value, Time, strict=False))
    except ValidationError:
        return otherwise


def _energy(wire: _TickerData | _OwnData) -> float | None:
    """Return the energy in kWh, told from power and duration: its unit is not stated.

    Near power x duration it is in Wh, near a thousandth of it in kWh; where
    neither fits, the product is right. With no product to compare, Wh. [guess]
    """
    from_wh = None if wire.energy is None else wire.energy / 1000
    if wire.power is None or wire.delivery_start is None or wire.delivery_end is None:
        return from_wh
    hours = (wire.delivery_end - wire.delivery_start).total_seconds() / 3600
    if hours <= 0:
        return from_wh
    product = wire.power * hours / 1000
    for energy in (from_wh, wire.energy):
        if (
            energy is not None
            and abs(energy - product) <= abs(product) * ENERGY_TOLERANCE
        ):
            return energy
    return product
