"""Tests of the forward curve as a user has it: sensors, actions, and a subscription for cards."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Simulator
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from .automations import device_id
from .conftest import NOON, Clock, SetUp, eventually
from .messages import book_order, order_book
from .test_area import stored, with_areas

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)

pytestmark = [
    pytest.mark.usefixtures("all_enabled"),
    pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning"),
]


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show changes soon."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)


@pytest.fixture
async def in_helsinki(hass: HomeAssistant) -> None:
    """Let local time be three hours ahead."""
    await hass.config.async_set_time_zone("Europe/Helsinki")


def order(
    price: float, start: datetime, end: datetime | None = None, /, **fields: object
) -> dict[str, Any]:
    """Return an order of the book for a window of an hour, or another."""
    return book_order(
        price,
        delivery_start=start.isoformat(),
        delivery_end=(end or start + HOUR).isoformat(),
        **fields,
    )


def book(bids: list[dict[str, Any]], asks: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a snapshot."""
    return order_book({"1": bids}, {"2": asks})


def state(hass: HomeAssistant, key: str) -> str:
    """Return a sensor's state."""
    found = hass.states.get(f"sensor.glocalflex_{key}")
    assert found is not None
    return found.state


def shows(hass: HomeAssistant, key: str, value: object) -> Callable[[], bool]:
    """Return whether a sensor shows a value."""
    return lambda: state(hass, key) == str(value)


def prices(hass: HomeAssistant, key: str, attribute: str) -> list[tuple[str, float]]:
    """Return a price list by local start."""
    found = hass.states.get(f"sensor.glocalflex_{key}")
    assert found is not None
    for element in found.attributes[attribute]:
        assert element["end"] - element["start"] == QUARTER
    return [
        (f"{element['start']:%H:%M%z}", element["value"])
        for element in found.attributes[attribute]
    ]


async def ask(hass: HomeAssistant, action: str, **data: object) -> dict[str, Any]:
    """Return an action's answer."""
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    assert isinstance(answer, dict)
    return answer


async def test_cheapest_and_dearest_ahead(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The best of the curve and its start move on with the clock, with no message from the market."""
    await set_up(account_entry)
    await market.control.send(
        "orderbook",
        book(
            [order(0.5, NOON), order(0.7, NOON + 2 * HOUR), order(9, NOON + 24 * HOUR)],
            [order(-0.1, NOON, NOON + QUARTER), order(0.2, NOON + 3 * HOUR)],
        ),
    )
    await eventually(shows(hass, "cheapest_ask_ahead", -0.1))
    assert state(hass, "cheapest_ask_ahead_start") == NOON.isoformat()
    assert state(hass, "dearest_bid_ahead") == "0.7"
    assert state(hass, "dearest_bid_ahead_start") == (NOON + 2 * HOUR).isoformat()

    await clock.move(hass, NOON + QUARTER)
    await eventually(shows(hass, "cheapest_ask_ahead", 0.2))
    assert state(hass, "cheapest_ask_ahead_start") == (NOON + 3 * HOUR).isoformat()
    # The quarter a day ahead has come into sight.
    assert state(hass, "dearest_bid_ahead") == "9.0"


@pytest.mark.usefixtures("in_helsinki")
async def test_price_lists(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Planners find local days with numbers, without gaps before the second element."""
    await set_up(account_entry)
    evening = NOON + 11 * HOUR + 2 * QUARTER
    await market.control.send(
        "orderbook",
        book(
            [],
            [
                order(0.1, NOON, NOON + QUARTER),
                order(0.3, evening),
                order(-0.2, evening + HOUR, evening + HOUR + QUARTER),
            ],
        ),
    )
    await eventually(shows(hass, "next_ask", 0.1))
    assert prices(hass, "next_ask", "raw_today") == [
        ("23:30+0300", 0.3),
        ("23:45+0300", 0.3),
    ]
    assert prices(hass, "next_ask", "raw_tomorrow") == [
        ("00:00+0300", 0.3),
        ("00:15+0300", 0.3),
        ("00:30+0300", -0.2),
    ]
    assert prices(hass, "next_bid", "raw_today") == []
    found = hass.states.get("sensor.glocalflex_next_ask")
    assert found is not None
    assert found.state_info is not None
    assert found.state_info["unrecorded_attributes"] >= {"raw_today", "raw_tomorrow"}


async def test_price_lists_are_written_seldom(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A list shows its first price at once, further changes after a while, the newest of them."""
    await set_up(account_entry)
    await eventually(shows(hass, "ask_orders", 0))
    await clock.move(hass, NOON + timedelta(seconds=20))
    written: list[str] = []

    @callback
    def take(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == "sensor.glocalflex_next_ask":
            assert event.data["new_state"] is not None
            written.append(event.data["new_state"].state)

    hass.bus.async_listen(EVENT_STATE_CHANGED, take)
    for price in (0.1, 0.2, 0.3):
        await market.control.send("orderbook", book([], [order(price, NOON + HOUR)]))
        await eventually(shows(hass, "cheapest_ask_ahead", price))
    assert written == ["0.1"]
    await clock.move(hass, NOON + timedelta(seconds=29))
    assert written == ["0.1"]
    await clock.move(hass, NOON + timedelta(seconds=31))
    assert written == ["0.1", "0.3"]

    await market.stop()
    await eventually(shows(hass, "next_ask", "unavailable"))


async def test_length(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The options set how far ahead the curve reaches, for areas too."""
    await set_up(entry := with_areas(account_entry, stored()))
    options = hass.config_entries.options
    shown = await options.async_init(entry.entry_id)
    await options.async_configure(shown["flow_id"], {"size": 1000, "curve_hours": 30})
    await hass.async_block_till_done()
    await eventually(shows(hass, "ask_orders", 0))
    for name in ("glocalflex", "finland"):
        curve = await ask(hass, "get_forward_curve", device_id=device_id(hass, name))
        assert len(curve["best_ask"]) == 120


@pytest.mark.usefixtures("in_helsinki")
async def test_get_forward_curve(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The action answers with every quarter, of the whole market or of an area."""
    await set_up(with_areas(account_entry, stored()))
    germany = {"country_code": "DE", "location_id": [None]}
    await market.control.send(
        "orderbook",
        book(
            [order(0.5, NOON + HOUR, power=300.0)],
            [order(0.9, NOON + HOUR), order(0.8, NOON + HOUR, location=germany)],
        ),
    )
    await eventually(shows(hass, "best_ask", 0.8))
    for device, best_ask, power in (
        ("glocalflex", 0.8, 2000.0),
        ("finland", 0.9, 1000.0),
    ):
        curve = await ask(hass, "get_forward_curve", device_id=device_id(hass, device))
        assert {name: len(series) for name, series in curve.items()} == {
            "best_bid": 96,
            "best_ask": 96,
            "bid_power": 96,
            "ask_power": 96,
        }
        window = {
            "start": "2026-05-05T13:00:00+03:00",
            "end": "2026-05-05T13:15:00+03:00",
        }
        assert curve["best_ask"][4] == {**window, "value": best_ask}
        assert curve["ask_power"][4] == {**window, "value": power}
        assert curve["best_bid"][4] == {**window, "value": 0.5}
        assert curve["bid_power"][4] == {**window, "value": 300.0}
        assert curve["best_ask"][3]["value"] is None
        assert curve["ask_power"][3]["value"] == 0.0


@pytest.mark.usefixtures("in_helsinki")
async def test_get_run_costs(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A load is told what each run costs, what that saves, and which is the cheapest."""
    await set_up(account_entry)
    market_id = device_id(hass)
    await market.control.send(
        "orderbook",
        book(
            [],
            [
                order(0.4, NOON + QUARTER, NOON + 3 * HOUR, power=5000.0),
                # Cheap, but thin.
                order(0.1, NOON + HOUR, NOON + 2 * HOUR, power=500.0),
            ],
        ),
    )
    await eventually(shows(hass, "ask_orders", 2))
    answer = await ask(
        hass,
        "get_run_costs",
        device_id=market_id,
        power=2000,
        duration={"minutes": 30},
        # Local, as the form gives it.
        ready_by="2026-05-05 13:45:00",
    )
    assert [element["start"][11:16] for element in answer["costs"]] == [
        "12:15",
        "12:30",
        "12:45",
        "13:00",
        "13:15",
    ]
    assert [element["value"] for element in answer["costs"]] == pytest.approx(
        [0.4, 0.4, 0.3625, 0.325, 0.325]
    )
    assert [element["value"] for element in answer["savings"]] == pytest.approx(
        [0, 0, 0.0375, 0.075, 0.075]
    )
    assert answer["cheapest"] == {
        "start": "2026-05-05T13:00:00+03:00",
        "end": "2026-05-05T13:30:00+03:00",
        "value": pytest.approx(0.325),
        "saving": pytest.approx(0.075),
    }
    answer = await ask(
        hass,
        "get_run_costs",
        device_id=market_id,
        power=5600,
        duration={"hours": 1},
        ready_by=(NOON + 2 * HOUR).isoformat(),
    )
    assert {element["value"] for element in answer["costs"]} == {None}
    assert answer["cheapest"] is None


async def test_actions_refuse_in_words(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """What cannot be answered is said, in the user's language."""
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    stranger = dr.async_get(hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "thing")}
    )
    await set_up(account_entry)
    await eventually(shows(hass, "ask_orders", 0))
    market_id = device_id(hass)
    run = {"device_id": market_id, "power": 1000, "duration": {"hours": 1}}

    async def refused(action: str, **data: object) -> str | None:
        with pytest.raises(HomeAssistantError) as error:
            await ask(hass, action, **data)
        assert "{" not in str(error.value)
        assert str(error.value) != error.value.translation_key
        return error.value.translation_key

    for unknown in (stranger.id, "nothing"):
        assert await refused("get_forward_curve", device_id=unknown) == "not_a_market"
    for ready_by, key in (
        (NOON + HOUR, "ready_by_too_soon"),
        (NOON - HOUR, "ready_by_too_soon"),
        (NOON + timedelta(days=8), "ready_by_too_late"),
    ):
        assert await refused("get_run_costs", **run, ready_by=ready_by) == key

    market.control.refuse(503, what="stream")
    await market.control.cut("orderbook")
    await eventually(shows(hass, "ask_orders", "unavailable"))
    late = NOON + 2 * HOUR
    assert await refused("get_run_costs", **run, ready_by=late) == "order_book_unknown"
    assert (
        await refused("get_forward_curve", device_id=market_id) == "order_book_unknown"
    )
    await hass.config_entries.async_unload(account_entry.entry_id)
    assert (
        await refused("get_forward_curve", device_id=market_id) == "market_not_loaded"
    )


async def test_subscription(
    clock: Clock,
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A card has the curve at once, and again when it has changed, but not too often."""
    monkeypatch.setattr("custom_components.glocalflex.websocket_api.PUSH_INTERVAL", 5.0)
    await set_up(account_entry)
    await eventually(shows(hass, "ask_orders", 0))
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "glocalflex/forward_curve/subscribe",
            "device_id": device_id(hass),
        }
    )
    assert (await client.receive_json())["success"]

    async def best_ask() -> list[float] | None:
        curve = (await client.receive_json())["event"]["curve"]
        return curve and [
            element["value"]
            for element in curve["best_ask"]
            if element["value"] is not None
        ]

    assert await best_ask() == []
    await market.control.send("orderbook", book([], [order(0.1, NOON + HOUR)]))
    assert await best_ask() == [0.1] * 4
    # The like again, then two changes within the interval.
    for price in (0.1, 0.2, 0.3):
        await market.control.send("orderbook", book([], [order(price, NOON + HOUR)]))
        await eventually(shows(hass, "best_ask", price))
    await clock.move(hass, NOON + timedelta(seconds=6))
    assert await best_ask() == [0.3] * 4

    # A lost stream has no curve, and one that came back has; so does an entry loaded anew.
    await clock.move(hass, NOON + timedelta(seconds=12))
    market.control.refuse(503, what="stream")
    await market.control.cut("orderbook")
    await eventually(shows(hass, "best_ask", "unavailable"))
    assert await best_ask() is None
    market.control.refuse(None)
    assert await hass.config_entries.async_reload(account_entry.entry_id)
    await clock.move(hass, dt_util.utcnow() + timedelta(seconds=6))
    await eventually(shows(hass, "ask_orders", 0))
    await clock.move(hass, dt_util.utcnow() + timedelta(seconds=6))
    assert await best_ask() == []

    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": 1})
    assert (await client.receive_json())["success"]
    await market.control.send("orderbook", book([], [order(0.4, NOON + HOUR)]))
    await eventually(shows(hass, "best_ask", 0.4))
    await clock.move(hass, dt_util.utcnow() + timedelta(seconds=6))
    await client.send_json_auto_id({"type": "ping"})
    assert (await client.receive_json())["type"] == "pong"


async def test_subscription_refused(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A card that asks for what is no market is told so."""
    await set_up(account_entry)
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {"type": "glocalflex/forward_curve/subscribe", "device_id": "nothing"}
    )
    answer = await client.receive_json()
    assert not answer["success"]
    assert answer["error"]["code"] == "not_found"
    assert answer["error"]["translation_key"] == "not_a_market"


async def test_subscription_ends_with_its_area(
    clock: Clock,
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """A card that shows an area which is removed shows nothing."""
    await set_up(entry := with_areas(account_entry, stored()))
    (area,) = entry.subentries
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "glocalflex/forward_curve/subscribe",
            "device_id": device_id(hass, "finland"),
        }
    )
    assert (await client.receive_json())["success"]
    await eventually(shows(hass, "ask_orders", 0))
    hass.config_entries.async_remove_subentry(entry, area)
    curves: list[dict[str, Any] | None] = []
    while not curves or curves[-1] is not None:
        curves.append((await client.receive_json())["event"]["curve"])
    assert curves[-1] is None
