"""Frames to messages: the documented examples, and each tolerance."""

from datetime import UTC, datetime, timedelta, timezone
import json
from typing import Any

import pytest

from custom_components.glocalflex.market import (
    BookOrder,
    Contract,
    ContractUpdate,
    Control,
    ExpiredOrder,
    Location,
    Message,
    Order,
    OrderBook,
    OrderUpdate,
    Trade,
    UndecodableFrame,
    UnknownMessage,
)
from custom_components.glocalflex.market.messages import (
    CONTRACT_STATUSES,
    ORDER_STATUSES,
    decode,
    is_order_book,
)
from custom_components.glocalflex.market.model import Coordinates

RECEIVED = datetime(2026, 11, 1, 8, tzinfo=UTC)
CREATED = datetime(2026, 11, 1, 7, 59, 30, tzinfo=UTC)
CLOSED = datetime(2026, 11, 1, 7, 59, 29, 250000, tzinfo=UTC)
START = datetime(2026, 11, 1, 9, tzinfo=UTC)
END = datetime(2026, 11, 1, 10, tzinfo=UTC)

WINDOW = {
    "delivery_start": "2026-11-01T09:00:00Z",
    "delivery_end": "2026-11-01T10:00:00.000Z",
}
PLACE = {
    "location_id": ["loc1"],
    "country_code": "FI",
    "coordinates": {"latitude": 60.2, "longitude": 24.8},
}
LOCATION = Location(
    location_id=("loc1",),
    country_code="FI",
    coordinates=Coordinates(latitude=60.2, longitude=24.8),
)
TRADE = {
    "closed_at": "2026-11-01T07:59:29.250000Z",
    "price": 0.42,
    **WINDOW,
    "energy": 1.5,
    "power": 1500.0,
    "location": PLACE,
}
OWN = {
    "side": "sell",
    "power": 1500.0,
    "price": 0.42,
    **WINDOW,
    "expiry_time": "2026-11-01T08:30:00Z",
    "location": PLACE,
    "baseline": {"forecast": [1, 2]},
}
BOOK_ORDER = {
    "side": "buy",
    "power": 1500.0,
    "price": 100.0,
    **WINDOW,
    "energy": 1500.0,
    "location": PLACE,
}

type Json = dict[str, Any]


def read(document: object) -> Message:
    """Decode a document as it would come over the wire."""
    return decode(json.dumps(document), RECEIVED)


def message(kind: str, data: object, **fields: object) -> Json:
    """Return a message's document."""
    return {"type": kind, "created_at": "2026-11-01T07:59:30Z", "data": data, **fields}


def read_trade(**fields: object) -> Trade:
    """Decode a trade with some fields changed."""
    decoded = read(message("ticker_update", TRADE | fields))
    assert isinstance(decoded, Trade)
    return decoded


def read_book(**sides: object) -> OrderBook:
    """Decode a snapshot."""
    decoded = read(message("orderbook_update", sides))
    assert isinstance(decoded, OrderBook)
    return decoded


def read_order(data: object, name: object = "accepted") -> OrderUpdate:
    """Decode an update of an own order."""
    decoded = read(message("order_status_update", data, name=name))
    assert isinstance(decoded, OrderUpdate)
    return decoded


def read_contract(data: object, name: object = "settlement_initiated") -> Contract:
    """Decode an update of an own contract."""
    decoded = read(message("contract_status_update", data, name=name))
    assert isinstance(decoded, ContractUpdate)
    return decoded.contract


# The documented examples


def test_control() -> None:
    """The message that confirms a connection."""
    frame = (
        '{"type": "control", "status": "success",'
        ' "data": {"message": "Connected to the WebSocket API"}}'
    )
    control = decode(frame, RECEIVED)
    assert control == Control(
        status="success", message="Connected to the WebSocket API"
    )
    assert control.success


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"status": "error", "data": {"message": "Go away"}},
            Control(status="error", message="Go away"),
        ),
        ({"status": "error"}, Control(status="error", message="")),
        (
            {"status": 503, "data": {"message": None}},
            Control(status="503", message=""),
        ),
        ({}, Control(status="", message="")),
    ],
)
def test_control_refusal(fields: Json, expected: Control) -> None:
    """Any status but success is a refusal, however little is said."""
    control = read({"type": "control", **fields})
    assert control == expected
    assert not expected.success


def test_trade() -> None:
    """A trade, with every field."""
    assert read(message("ticker_update", TRADE)) == Trade(
        created_at=CREATED,
        closed_at=CLOSED,
        price=0.42,
        power=1500.0,
        energy=1.5,
        delivery_start=START,
        delivery_end=END,
        location=LOCATION,
    )


def test_expired_order() -> None:
    """An expired order carries expired_at in place of closed_at."""
    data = {"expired_at": TRADE["closed_at"], **TRADE}
    del data["closed_at"]
    assert read(message("expired_order_update", data)) == ExpiredOrder(
        created_at=CREATED,
        expired_at=CLOSED,
        price=0.42,
        power=1500.0,
        energy=1.5,
        delivery_start=START,
        delivery_end=END,
        location=LOCATION,
    )


def test_order_book() -> None:
    """A crossed book, as the documentation's example is."""
    decoded = read_book(
        bids={
            "100": [BOOK_ORDER, BOOK_ORDER | {"power": 2}],
            "99.5": [BOOK_ORDER | {"price": 99.5}],
        },
        asks={"11": [BOOK_ORDER | {"side": "sell", "price": 11.0}]},
    )

    def order(price: float, power: float = 1500.0) -> BookOrder:
        return BookOrder(
            price=price,
            power=power,
            delivery_start=START,
            delivery_end=END,
            location=LOCATION,
        )

    assert decoded == OrderBook(
        created_at=CREATED,
        bids=(order(100.0), order(100.0, 2.0), order(99.5)),
        asks=(order(11.0),),
    )


@pytest.mark.parametrize("status", ORDER_STATUSES)
def test_order_status(status: str) -> None:
    """An own order."""
    decoded = read(
        message("order_status_update", OWN | {"order_id": "a1"}, name=status)
    )
    assert decoded == OrderUpdate(
        created_at=CREATED,
        status=status,
        order=Order(
            order_id="a1",
            side="sell",
            power=1500.0,
            price=0.42,
            delivery_start=START,
            delivery_end=END,
            expiry_time=datetime(2026, 11, 1, 8, 30, tzinfo=UTC),
            location=LOCATION,
        ),
    )


@pytest.mark.parametrize("kind", ["order_status_update", "contract_status_update"])
@pytest.mark.parametrize("status", CONTRACT_STATUSES)
def test_contract_status(kind: str, status: str) -> None:
    """An own contract, also under the type that the documentation's example has."""
    data = OWN | {"contract_id": "c1", "order_id": 7, "energy": 1500}
    assert read(message(kind, data, name=status)) == ContractUpdate(
        created_at=CREATED,
        status=status,
        contract=Contract(
            contract_id="c1",
            order_id="7",
            side="sell",
            power=1500.0,
            price=0.42,
            energy=1.5,
            delivery_start=START,
            delivery_end=END,
            location=LOCATION,
        ),
    )


# Statuses and identifiers


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("order_status_update", "cancelled", OrderUpdate),
        ("order_status_update", "verification_completed_failure", ContractUpdate),
        ("order_status_update", "settlement_disputed", ContractUpdate),
        ("contract_status_update", "voided", ContractUpdate),
        ("contract_status_update", "accepted", ContractUpdate),
    ],
)
def test_unknown_status(kind: str, status: str, expected: type[Message]) -> None:
    """A status nobody knows is kept as it came."""
    decoded = read(message(kind, OWN, name=status))
    assert isinstance(decoded, expected)
    assert isinstance(decoded, OrderUpdate | ContractUpdate)
    assert decoded.status == status


@pytest.mark.parametrize(("name", "expected"), [(None, ""), (12, "12")])
def test_status_that_is_no_text(name: object, expected: str) -> None:
    """A status that is missing or a number does not lose the update."""
    assert read_order(OWN, name).status == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"order_id": "a", "id": "b"}, "a"),
        ({"order_id": "", "id": "b"}, "b"),
        ({"id": None, "uuid": "c", "_id": "d"}, "c"),
        ({"_id": "d"}, "d"),
        ({"order_id": 0}, "0"),
        ({"id": 2**70}, str(2**70)),
    ],
)
def test_order_identifier(fields: Json, expected: str) -> None:
    """An order's identifier stands in one of four fields, as text or number."""
    assert read_order(OWN | fields).order.order_id == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"contract_id": "a", "order_id": "o"}, "a"),
        ({"id": "b", "order_id": "o"}, "b"),
        ({"uuid": "c", "order_id": "o"}, "c"),
        ({"_id": "d"}, "d"),
    ],
)
def test_contract_identifier(fields: Json, expected: str) -> None:
    """A contract's identifier is never its order's."""
    assert read_contract(OWN | fields).contract_id == expected


def test_derived_identifier() -> None:
    """An order without identifier has the same one at each of its updates, and its own."""
    identifier = read_order(OWN, "accepted").order.order_id
    assert identifier.startswith("derived-")
    assert read_order(OWN, "filled").order.order_id == identifier
    same = {
        "power": "1500",
        "expiry_time": "2026-11-01T09:30:00+01:00",
        "note": "new",
        "location": dict(reversed(PLACE.items())),
    }
    assert read_order(OWN | same).order.order_id == identifier
    for other in (
        {"side": "buy"},
        {"power": 1501},
        {"price": 0.43},
        {"delivery_start": "2026-11-01T09:15:00Z"},
        {"delivery_end": "2026-11-01T10:15:00Z"},
        {"expiry_time": "2026-11-01T08:31:00Z"},
        {"location": None},
    ):
        assert read_order(OWN | other).order.order_id != identifier
    assert read_order(OWN | {"power": 10**60}).order.order_id.startswith("derived-")


def test_derived_contract_identifier() -> None:
    """Contracts without identifier are told apart by their orders too."""
    one = read_contract(OWN | {"order_id": "1"}).contract_id
    assert one.startswith("derived-")
    assert read_contract(OWN | {"order_id": "2"}).contract_id != one


# What a client must bear


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01T07:59:29Z", CLOSED.replace(microsecond=0)),
        ("2026-11-01T07:59:29.250Z", CLOSED),
        ("2026-11-01T07:59:29.250000Z", CLOSED),
        ("2026-11-01T08:59:29.25+01:00", CLOSED),
    ],
)
def test_time(text: str, expected: datetime) -> None:
    """Times have 0, 3 or 6 digits of fraction, and Z or an offset."""
    assert read_trade(closed_at=text).closed_at == expected


def test_offset_is_kept() -> None:
    """A time stays in the zone that it came in."""
    closed_at = read_trade(closed_at="2026-11-01T08:59:29+01:00").closed_at
    assert closed_at.tzinfo == timezone(timedelta(hours=1))


@pytest.mark.parametrize("value", [None, "", "soon", "2026-11-01T07:59:30", 10**20, {}])
def test_missing_created_at(value: object) -> None:
    """A message without a time of its own has that of its arrival."""
    document = message("ticker_update", TRADE) | {"created_at": value}
    decoded = read(document)
    assert isinstance(decoded, Trade)
    assert decoded.created_at == RECEIVED
    del document["created_at"]
    assert read(document) == decoded


@pytest.mark.parametrize("value", [None, "soon", [1]])
@pytest.mark.parametrize(
    ("kind", "field"),
    [("ticker_update", "closed_at"), ("expired_order_update", "expired_at")],
)
def test_missing_time_of_event(kind: str, field: str, value: object) -> None:
    """An event without its time is as old as its message."""
    decoded = read(message(kind, TRADE | {field: value}))
    assert getattr(decoded, field) == CREATED


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (None, None),
        ("FI", None),
        ({}, Location()),
        ({"country_code": ""}, Location(country_code="")),
        ({"location_id": None}, Location(location_id=None)),
        (
            {"location_id": [None], "country_code": None},
            Location(location_id=(None,)),
        ),
        (
            PLACE | {"coordinates": None},
            Location(location_id=("loc1",), country_code="FI"),
        ),
        (
            PLACE | {"coordinates": {"latitude": "far north"}},
            Location(location_id=("loc1",), country_code="FI"),
        ),
        (
            PLACE | {"coordinates": {"latitude": "60.2"}},
            Location(
                location_id=("loc1",),
                country_code="FI",
                coordinates=Coordinates(latitude=60.2),
            ),
        ),
        (
            PLACE | {"location_id": {"a": 1}},
            Location(country_code="FI", coordinates=LOCATION.coordinates),
        ),
    ],
)
def test_location(place: object, expected: Location | None) -> None:
    """Any part of a location may be missing or unreadable, in all messages alike."""
    assert read_trade(location=place).location == expected
    assert read_order(OWN | {"location": place}).order.location == expected
    assert read_contract(OWN | {"location": place}).location == expected
    book = read_book(bids={"1": [BOOK_ORDER | {"location": place}]})
    assert book.bids[0].location == expected
    assert book.skipped == 0


def test_location_missing() -> None:
    """No message needs a location."""
    data = {name: value for name, value in TRADE.items() if name != "location"}
    decoded = read(message("ticker_update", data))
    assert isinstance(decoded, Trade)
    assert decoded.location is None


def test_location_ids() -> None:
    """The names of a place are without nulls."""
    location = read_trade(location={"location_id": ["a", None, "b"]}).location
    assert location is not None
    assert location.location_id == ("a", None, "b")
    assert location.location_ids == ("a", "b")
    assert Location(location_id=None).location_ids == ()


def test_numbers_as_text_and_integers() -> None:
    """Numbers may be text, and integers."""
    trade = read_trade(price="0.42", power="1500", energy="1.5")
    assert trade == read_trade()
    assert read_trade(price=1).price == 1.0
    assert isinstance(read_trade(price=1).price, float)
    assert read_order(OWN | {"price": "-2", "power": 7}).order.price == -2.0
    book = read_book(asks={"1": [BOOK_ORDER | {"price": "1e1", "power": "3"}]})
    assert (book.asks[0].price, book.asks[0].power) == (10.0, 3.0)


@pytest.mark.parametrize("value", ["NaN", "inf", 1e300, "much", [], True])
def test_no_number(value: object) -> None:
    """What is no number is left out; a trade is nothing without its price."""
    assert read_trade(power=value).power is None
    with pytest.raises(UndecodableFrame):
        read_trade(price=value)
    order = read_order(OWN | {"power": value, "price": value}).order
    assert (order.power, order.price) == (None, None)


@pytest.mark.parametrize("price", [0, -0.5])
def test_price_at_and_below_zero(price: float) -> None:
    """Prices can be zero or negative."""
    assert read_trade(price=price).price == price


def test_unknown_fields_and_types() -> None:
    """Fields nobody knows are passed over; a type nobody knows is said to be so."""
    document = message("ticker_update", TRADE | {"new": {"a": [1]}}, version=2)
    assert read(document) == read_trade()
    assert read(
        {"type": "weather_update", "name": {"a": 1}, "status": [], "data": 3}
    ) == UnknownMessage(type="weather_update")


def test_empty_book() -> None:
    """A side may be empty, null or missing."""
    empty: list[Json] = [{"bids": {}, "asks": {}}, {"bids": None}, {}, {"asks": []}]
    for sides in empty:
        book = read_book(**sides)
        assert (book.bids, book.asks, book.skipped) == ((), (), 0)
    assert isinstance(read(message("orderbook_update", None)), OrderBook)


def test_keys_of_one_price() -> None:
    """A price may be written in several ways; the orders' own prices count."""
    orders = [BOOK_ORDER | {"power": power} for power in (1, 2, 3)]
    book = read_book(
        bids=dict(zip(("100", "100.0", "1e2"), ([o] for o in orders), strict=True))
    )
    assert [order.power for order in book.bids] == [1, 2, 3]
    assert {order.price for order in book.bids} == {100.0}


def test_order_of_the_book_without_price() -> None:
    """The level's price serves an order that brings none."""
    wire = {name: value for name, value in BOOK_ORDER.items() if name != "price"}
    book = read_book(bids={"1e2": [wire]}, asks={"much": [wire], "3": wire})
    assert [order.price for order in book.bids] == [100.0]
    assert [order.price for order in book.asks] == [3.0]
    assert book.skipped == 1


@pytest.mark.parametrize(
    "wire",
    [
        {"power": None},
        {"power": -1},
        {"power": "NaN"},
        {"price": "inf"},
        None,
        "order",
        7,
    ],
)
def test_unreadable_order_of_the_book(wire: object) -> None:
    """One order that cannot be read does not lose the book."""
    bad = BOOK_ORDER | wire if isinstance(wire, dict) else wire
    book = read_book(bids={"100": [BOOK_ORDER, bad]}, asks={"110": [BOOK_ORDER]})
    assert (len(book.bids), len(book.asks), book.skipped) == (1, 1, 1)


@pytest.mark.parametrize("energy", [1.5, 1500, 1600, "1.5", 1.4])
def test_energy_unit(energy: object) -> None:
    """Energy is shown in kWh, whichever unit it came in."""
    expected = {1600: 1.6, 1.4: 1.4}.get(energy, 1.5)
    assert read_trade(energy=energy).energy == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"energy": 99}, 1.5),
        ({"energy": None}, 1.5),
        ({"energy": None, "delivery_end": "2026-11-01T09:15:00Z"}, 0.375),
        ({"energy": 0, "power": 0}, 0),
        ({"energy": 500, "power": None}, 0.5),
        ({"energy": 500, "delivery_start": None}, 0.5),
        ({"energy": 500, "delivery_end": None}, 0.5),
        ({"energy": 500, "delivery_end": WINDOW["delivery_start"]}, 0.5),
        ({"energy": 500, "delivery_end": "2026-11-01T08:00:00Z"}, 0.5),
        ({"energy": None, "power": None}, None),
    ],
)
def test_energy_without_a_fit(fields: Json, expected: float | None) -> None:
    """Where the energy fits neither unit the product counts; without a product it is Wh."""
    assert read_trade(**fields).energy == expected


def test_duplicated_frame() -> None:
    """The same frame is the same message each time."""
    frame = json.dumps(message("ticker_update", TRADE))
    assert decode(frame, RECEIVED) == decode(frame, RECEIVED)


def test_binary_frame() -> None:
    """A binary frame holds the same JSON."""
    frame = json.dumps(message("ticker_update", TRADE))
    assert decode(frame.encode(), RECEIVED) == decode(frame, RECEIVED)


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "Bad gateway",
        b"\xff\xfe",
        "\ud800",
        "null",
        "[]",
        "{}",
        '{"type": 3}',
        '{"type": "ticker_update"}',
        '{"type": "ticker_update", "data": []}',
        '{"type": "ticker_update", "data": {"power": 1}}',
        '{"type": "ticker_update", "data": {"price": 1}',
        '{"type": "orderbook_update", "data": {"bids": [1]}}',
        '{"type": "orderbook_update", "data": 1}',
        '{"type": "order_status_update", "name": "filled", "data": "x"}',
    ],
)
def test_undecodable(frame: str | bytes) -> None:
    """What cannot be read is said to be so, and nothing else is raised."""
    with pytest.raises(UndecodableFrame):
        decode(frame, RECEIVED)


@pytest.mark.parametrize(
    "nonsense", ["1" + "0" * 5000, "[" * 100_000 + "]" * 100_000], ids=["long", "deep"]
)
def test_undecodable_field(nonsense: str) -> None:
    """A field without measure makes a frame undecodable, and does no other harm."""
    frame = f'{{"type": "ticker_update", "data": {{"price": 1, "x": {nonsense}}}}}'
    with pytest.raises(UndecodableFrame):
        decode(frame, RECEIVED)


def test_is_order_book() -> None:
    """A snapshot is told by its type, as text and as bytes, and by nothing else."""
    book = json.dumps(message("orderbook_update", {}))
    refusal = json.dumps(
        {
            "type": "control",
            "status": "error",
            "data": {"message": 'no "orderbook_update"'},
        }
    )
    assert is_order_book(book)
    assert is_order_book(book.encode())
    assert not is_order_book(refusal)
    assert not is_order_book(refusal.encode())
