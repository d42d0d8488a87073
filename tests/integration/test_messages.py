"""Tests of the market's messages, as documented and as spoilt as a client must bear."""

import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.glocalflex.simulator import Control, Simulator
from homeassistant.core import Event, HomeAssistant

from .conftest import SetUp, eventually
from .messages import (
    CREATED,
    DOCUMENTED_BOOK,
    Absent,
    at,
    book_order,
    contract_status,
    expired_order,
    order_book,
    order_status,
    trade,
)


@pytest.fixture(autouse=True)
def prompt(all_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable every entity, and let states and books be handled without delay."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.0)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0.0)


@pytest.fixture
def control(market: Simulator) -> Control:
    """Return what sends frames."""
    return market.control


@pytest.fixture
def bus(hass: HomeAssistant) -> dict[str, list[Event[Any]]]:
    """Collect what comes over the bus."""
    return {
        kind: async_capture_events(hass, f"glocalflex_{kind}")
        for kind in ("trade", "order_expired", "order_status", "contract_status")
    }


@pytest.fixture
async def entry(
    hass: HomeAssistant, account_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Set the entry up, and let the market's own first book pass."""
    await set_up(account_entry)
    await eventually(lambda: value(hass, "bid_orders") == "0")
    return account_entry


def value(hass: HomeAssistant, key: str) -> str:
    """Return a sensor's state."""
    state = hass.states.get(f"sensor.glocalflex_{key}")
    assert state is not None, key
    return state.state


def undecodable(entry: MockConfigEntry) -> int:
    """Return how much could not be read."""
    return sum(traffic.undecodable for traffic in entry.runtime_data.traffic.values())


PLACE = {
    "country_code": "FI",
    "location_ids": ["loc1"],
    "latitude": 60.2,
    "longitude": 24.8,
}
HOUR = {
    "delivery_start": "2026-05-05T10:00:00+00:00",
    "delivery_end": "2026-05-05T11:00:00+00:00",
}
MOMENT = "2026-05-05T09:00:30+00:00"

DOCUMENTED = {
    "trade": (
        "ticker",
        trade(),
        {
            "created_at": MOMENT,
            "closed_at": MOMENT,
            "price": 0.42,
            "power": 1500.0,
            "energy": 1.5,
            **HOUR,
            **PLACE,
        },
    ),
    "order_expired": (
        "ticker",
        expired_order(),
        {
            "created_at": MOMENT,
            "expired_at": MOMENT,
            "price": 0.42,
            "power": 1500.0,
            "energy": 1.5,
            **HOUR,
            **PLACE,
        },
    ),
    "order_status": (
        "trade",
        order_status("matching_active"),
        {
            "created_at": MOMENT,
            "status": "matching_active",
            "order_id": "order-1",
            "side": "sell",
            "power": 2000.0,
            "price": 0.3,
            "expiry_time": "2026-05-05T09:09:30+00:00",
            **HOUR,
            **PLACE,
        },
    ),
    # By its type an order's: the documentation's trap.
    "contract_status": (
        "trade",
        contract_status("verification_initiated"),
        {
            "created_at": MOMENT,
            "status": "verification_initiated",
            "contract_id": "contract-1",
            "order_id": None,
            "side": "sell",
            "power": 2000.0,
            "price": 0.3,
            "energy": 2.0,
            **HOUR,
            "country_code": None,
            "location_ids": [],
            "latitude": None,
            "longitude": None,
        },
    ),
}
ENTITIES = {"order_expired": "expired_order"}


@pytest.mark.parametrize("kind", DOCUMENTED)
async def test_documented_events(
    hass: HomeAssistant,
    control: Control,
    bus: dict[str, list[Event[Any]]],
    entry: MockConfigEntry,
    kind: str,
) -> None:
    """Each reaches the bus and its event entity, once and as it is."""
    stream, message, fields = DOCUMENTED[kind]
    await control.send(stream, message)  # type: ignore[arg-type]
    await eventually(lambda: bool(bus[kind]))
    assert {name: len(events) for name, events in bus.items()} == dict.fromkeys(
        bus, 0
    ) | {kind: 1}
    data = dict(bus[kind][0].data)
    assert data.pop("config_entry_id") == entry.entry_id
    assert data.pop("device_id")
    assert data == fields
    state = hass.states.get(f"event.glocalflex_{ENTITIES.get(kind, kind)}")
    assert state is not None
    assert fields.items() <= state.attributes.items()
    assert undecodable(entry) == 0


async def test_documented_contract_type(
    hass: HomeAssistant, control: Control, entry: MockConfigEntry
) -> None:
    """A contract update of its own type is one too, whatever its status."""
    message = contract_status("terminated") | {"type": "contract_status_update"}
    await control.send("trade", message)
    await eventually(lambda: value(hass, "last_contract_status") == "other")


async def test_documented_book(
    hass: HomeAssistant, control: Control, entry: MockConfigEntry
) -> None:
    """The book as documented."""
    await control.send("orderbook", DOCUMENTED_BOOK)
    await eventually(lambda: value(hass, "best_bid") == "100.0")
    assert value(hass, "best_ask") == "110.0"
    assert value(hass, "spread") == "10.0"
    assert value(hass, "bid_orders") == "3"
    assert value(hass, "ask_orders") == "1"
    assert value(hass, "bid_power") == "3000.0"
    assert value(hass, "buy_price") == "110.0"
    assert value(hass, "sell_price") == "100.0"


# What a client must bear that leaves a trade a trade: what is sent, what the bus shows.
TRADES: dict[str, tuple[Any, dict[str, object]]] = {
    "location missing": (
        trade(location=Absent),
        {"country_code": None, "location_ids": [], "latitude": None},
    ),
    "location null": (trade(location=None), {"country_code": None, "location_ids": []}),
    "country_code missing": (
        trade(location={"location_id": ["loc1"]}),
        {"country_code": None, "location_ids": ["loc1"]},
    ),
    "country_code empty": (
        trade(location={"location_id": ["loc1"], "country_code": ""}),
        {"country_code": None, "location_ids": ["loc1"]},
    ),
    "location_id holding null": (
        trade(location={"location_id": [None, "loc2"], "country_code": "FI"}),
        {"country_code": "FI", "location_ids": ["loc2"]},
    ),
    "coordinates missing": (
        trade(location={"location_id": ["loc1"], "country_code": "FI"}),
        {"country_code": "FI", "latitude": None, "longitude": None},
    ),
    "numbers as text": (
        trade(price="0.42", power="1500.0", energy="1.5"),
        {"price": 0.42, "power": 1500.0, "energy": 1.5},
    ),
    "integers for floats": (
        trade(price=1, power=1500, energy=1500),
        {"price": 1.0, "power": 1500.0, "energy": 1.5},
    ),
    "fields nobody knows": (
        trade(colour="blue", deep={"er": [1]}) | {"version": 7},
        {"price": 0.42},
    ),
    "a missing created_at": (
        {name: part for name, part in trade().items() if name != "created_at"},
        {"closed_at": MOMENT, "price": 0.42},
    ),
    "an offset for Z": (
        trade(closed_at="2026-05-05T12:00:30.125+03:00"),
        {"closed_at": "2026-05-05T12:00:30.125000+03:00"},
    ),
    "a price below zero": (trade(price=-0.001), {"price": -0.001}),
    "a price of zero": (trade(price=0), {"price": 0.0}),
    "a binary frame": (json.dumps(trade()).encode(), {"price": 0.42}),
    "energy that fits nothing": (trade(energy=77), {"energy": 1.5}),
}


@pytest.mark.parametrize("name", TRADES)
async def test_tolerated_in_a_trade(
    hass: HomeAssistant,
    control: Control,
    bus: dict[str, list[Event[Any]]],
    entry: MockConfigEntry,
    name: str,
) -> None:
    """The trade counts, and tells what it does hold."""
    frame, fields = TRADES[name]
    await control.send("ticker", frame)
    await eventually(lambda: len(bus["trade"]) == 1)
    assert fields.items() <= bus["trade"][0].data.items()
    assert value(hass, "trades_today") == "1"
    assert value(hass, "last_price") == str(bus["trade"][0].data["price"])
    assert undecodable(entry) == 0


# What a client must bear in a book: what is sent, what the sensors show.
BOOKS: dict[str, tuple[Any, dict[str, str]]] = {
    "bids above asks": (
        order_book({"100": [book_order(100)]}, {"11": [book_order(11)]}),
        {"best_bid": "100.0", "best_ask": "11.0", "spread": "-89.0"},
    ),
    "an unsorted book": (
        order_book(
            {
                "1": [book_order(1)],
                "3": [book_order(3)],
                "2": [book_order(2)],
            },
            {"6": [book_order(6)], "5": [book_order(5)], "7": [book_order(7)]},
        ),
        {"best_bid": "3.0", "best_ask": "5.0", "bid_orders": "3"},
    ),
    "keys of any spelling": (
        order_book(
            {
                "100": [book_order(100)],
                "100.0": [book_order(100)],
                "1e2": [book_order(100)],
            },
            {},
        ),
        {"best_bid": "100.0", "bid_orders": "3", "bid_power": "3000.0"},
    ),
    "keys that stand for missing prices": (
        order_book({"1e2": [book_order(0, price=Absent)]}, {}),
        {"best_bid": "100.0"},
    ),
    "numbers as text": (
        order_book({"2": [book_order(2, price="2", power="1000")]}, {}),
        {"best_bid": "2.0", "bid_power": "1000.0"},
    ),
    "location missing": (
        order_book({"2": [book_order(2, location=Absent)]}, {}),
        {"best_bid": "2.0"},
    ),
    "location null": (
        order_book({"2": [book_order(2, location=None)]}, {}),
        {"best_bid": "2.0"},
    ),
    "location_id holding null": (
        order_book({"2": [book_order(2, location={"location_id": [None]})]}, {}),
        {"best_bid": "2.0"},
    ),
    "a side null": (
        order_book({"2": [book_order(2)]}, None),
        {"best_bid": "2.0", "best_ask": "unknown", "ask_orders": "0"},
    ),
    "a side missing": (
        order_book({"2": [book_order(2)]}, Absent),
        {"best_bid": "2.0", "ask_orders": "0"},
    ),
    "a frame of 20 MB": (
        json.dumps(
            order_book({"2": [book_order(2, side="buy", note="x" * 1000)] * 16_000}, {})
        ),
        {"best_bid": "2.0", "bid_orders": "16000"},
    ),
}


@pytest.mark.parametrize("name", BOOKS)
async def test_tolerated_in_a_book(
    hass: HomeAssistant, control: Control, entry: MockConfigEntry, name: str
) -> None:
    """The book counts for what it is."""
    frame, figures = BOOKS[name]
    await control.send("orderbook", frame)
    await eventually(lambda: value(hass, "bid_orders") != "0")
    assert {key: value(hass, key) for key in figures} == figures
    assert undecodable(entry) == 0


async def test_an_empty_book(
    hass: HomeAssistant, control: Control, entry: MockConfigEntry
) -> None:
    """An empty book takes the place of a full one."""
    await control.send("orderbook", DOCUMENTED_BOOK)
    await eventually(lambda: value(hass, "bid_orders") == "3")
    await control.send("orderbook", order_book({}, {}))
    await eventually(lambda: value(hass, "bid_orders") == "0")
    assert value(hass, "best_bid") == "unknown"


async def test_an_order_that_cannot_be_read(
    hass: HomeAssistant,
    control: Control,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is left out of the book and counted; the others stand."""
    book = order_book(
        {"2": [book_order(2), "no order", book_order(2, power="much")]}, {"3": 5}
    )
    await control.send("orderbook", book)
    await eventually(lambda: undecodable(entry) == 3)
    await control.send("orderbook", book)
    await eventually(lambda: undecodable(entry) == 6)
    assert value(hass, "bid_orders") == "1"
    assert caplog.text.count("on the orderbook stream cannot be read") == 1


UNDECODABLE: dict[str, Any] = {
    "no JSON": "this is no JSON",
    "no UTF-8": b"\xff\xfe\x00",
    "half a frame": json.dumps(trade())[:40],
    "no object": "[1, 2, 3]",
    "no type": '{"data": {}}',
    "a trade without a price": trade(price=Absent),
    "a trade of no price": trade(price="expensive"),
    "a trade of NaN": trade(price="nan"),
    "data of another kind": {"type": "ticker_update", "data": [1]},
    "data null": {"type": "ticker_update", "created_at": CREATED, "data": None},
    "nested without end": "[" * 100_000,
}


@pytest.mark.parametrize("name", UNDECODABLE)
async def test_undecodable(
    hass: HomeAssistant,
    control: Control,
    bus: dict[str, list[Event[Any]]],
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    """It is counted and logged once; what is known stays, the stream goes on."""
    await control.send("ticker", trade())
    for _ in range(3):
        await control.send("ticker", UNDECODABLE[name])
    await eventually(lambda: undecodable(entry) == 3)
    assert value(hass, "last_price") == "0.42"
    assert caplog.text.count("on the ticker stream cannot be read") == 1
    await control.send("ticker", trade(price=0.5))
    await eventually(lambda: value(hass, "last_price") == "0.5")
    assert len(bus["trade"]) == 2
    streams = entry.runtime_data.streams
    assert all(stream.connected for stream in streams.values())
    assert sum(stream.reconnects for stream in streams.values()) == 0


async def test_message_types_nobody_knows(
    hass: HomeAssistant,
    control: Control,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They are messages all the same, and mentioned once."""
    for _ in range(3):
        await control.send("ticker", {"type": "weather_update", "data": "rain"})
    await control.send("ticker", trade())
    await eventually(lambda: value(hass, "last_price") == "0.42")
    assert undecodable(entry) == 0
    assert caplog.text.count("weather_update") == 1


async def test_duplicated_frames(
    hass: HomeAssistant,
    control: Control,
    bus: dict[str, list[Event[Any]]],
    entry: MockConfigEntry,
) -> None:
    """A status of an order that is told twice is one; trades have no name, so each counts."""
    for _ in range(2):
        await control.send("trade", order_status("accepted"))
        await control.send("trade", contract_status("settlement_initiated"))
        await control.send("ticker", trade())
        await control.send("orderbook", DOCUMENTED_BOOK)
    await control.send("trade", order_status("filled"))
    await eventually(lambda: value(hass, "orders_filled") == "1")
    await eventually(lambda: value(hass, "trades_today") == "2")
    await eventually(lambda: value(hass, "bid_orders") == "3")
    assert [event.data["status"] for event in bus["order_status"]] == [
        "accepted",
        "filled",
    ]
    assert len(bus["contract_status"]) == 1
    assert value(hass, "contracts_in_settlement") == "1"


async def test_frames_out_of_time_order(
    hass: HomeAssistant,
    control: Control,
    bus: dict[str, list[Event[Any]]],
    entry: MockConfigEntry,
) -> None:
    """Each happened, but the newest stays the last."""
    earlier = "2026-05-05T09:00:10Z"
    await control.send("trade", order_status("filled"))
    await control.send("trade", at(order_status("accepted"), earlier))
    await control.send("ticker", trade(price=1))
    await control.send("ticker", at(trade(price=2, closed_at=earlier), earlier))
    await control.send("orderbook", DOCUMENTED_BOOK)
    await eventually(lambda: value(hass, "bid_orders") == "3")
    await control.send("orderbook", at(order_book({}, {}), earlier))
    await eventually(lambda: len(bus["order_status"]) == len(bus["trade"]) == 2)
    messages = entry.runtime_data.traffic["orderbook"]
    await eventually(lambda: messages.messages == 4)
    assert value(hass, "last_order_status") == "filled"
    assert value(hass, "last_price") == "1.0"
    assert value(hass, "highest_price_today") == "2.0"
    assert value(hass, "bid_orders") == "3"


@pytest.mark.parametrize("field", ["order_id", "id", "uuid", "_id"])
async def test_identifiers_of_orders(
    hass: HomeAssistant,
    control: Control,
    bus: dict[str, list[Event[Any]]],
    entry: MockConfigEntry,
    field: str,
) -> None:
    """An order's identifier may stand under several names."""
    await control.send("trade", order_status("accepted", Absent, **{field: "a-1"}))
    await eventually(lambda: len(bus["order_status"]) == 1)
    assert bus["order_status"][0].data["order_id"] == "a-1"


async def test_orders_without_identifiers(
    hass: HomeAssistant,
    control: Control,
    bus: dict[str, list[Event[Any]]],
    entry: MockConfigEntry,
) -> None:
    """They count, and are told apart by what they hold."""
    await control.send("trade", order_status("accepted", Absent))
    await control.send("trade", order_status("accepted", Absent, price=0.31))
    await control.send("trade", at(order_status("filled", Absent), MOMENT))
    await eventually(lambda: value(hass, "orders_filled") == "1")
    assert value(hass, "orders_accepted") == "1"
    first, second, third = (event.data["order_id"] for event in bus["order_status"])
    assert first == third != second


async def test_times_at_the_edge(
    hass: HomeAssistant,
    control: Control,
    bus: dict[str, list[Event[Any]]],
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A time that no other zone can show is unknown, and takes nothing else down."""
    start = "last_trade_delivery_start"
    await control.send("ticker", trade())
    await eventually(lambda: value(hass, start).startswith("20"))
    await control.send(
        "ticker",
        trade(
            closed_at="0001-01-01T00:00:00+14:00",
            delivery_start="0001-01-01T00:00:00+14:00",
            delivery_end="9999-12-31T23:59:59-12:00",
        ),
    )
    await eventually(lambda: value(hass, start) == "unknown")
    await control.send("ticker", trade(price=0.5))
    await eventually(lambda: len(bus["trade"]) == 3)
    await eventually(lambda: value(hass, "last_price") == "0.5")
    assert "Failed" not in caplog.text
    assert sum(s.reconnects for s in entry.runtime_data.streams.values()) == 0
