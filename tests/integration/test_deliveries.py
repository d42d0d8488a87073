"""Deliveries as a user has them: a calendar, whether one runs, and the next; kept by the clock."""

from datetime import UTC, datetime, timedelta
import itertools
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.glocalflex.market import stream as stream_module
from custom_components.glocalflex.simulator import Simulator
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .conftest import NOON, USERNAME, Clock, SetUp, described, eventually
from .messages import at, contract_status, order_status

ACTIVE = "binary_sensor.glocalflex_delivery_active"
CALENDAR = "calendar.glocalflex_deliveries"
START = "sensor.glocalflex_next_delivery_start"
END = "sensor.glocalflex_next_delivery_end"

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let streams try again as soon as they can, and show changes without delay."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.0)
    monkeypatch.setattr("custom_components.glocalflex.delivery_clock.INTERVAL", 0.0)
    monkeypatch.setattr(stream_module, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(stream_module, "REFUSED_RETRY_LIMIT", 0.05)


def value(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's state."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state.state


def shown(hass: HomeAssistant) -> tuple[str, str, str]:
    """Return whether a delivery runs, by sensor and calendar, and when the next begins."""
    return value(hass, ACTIVE), value(hass, CALENDAR), value(hass, START)


def attributes(hass: HomeAssistant, entity_id: str) -> dict[str, Any]:
    """Return an entity's attributes."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return dict(state.attributes)


def changes(hass: HomeAssistant, entity_id: str) -> list[str | None]:
    """Return the states that an entity takes on from now on, as they come."""
    found: list[str | None] = []

    @callback
    def take(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == entity_id:
            old, new = event.data["old_state"], event.data["new_state"]
            if old is None or new is None or old.state != new.state:
                found.append(None if new is None else new.state)

    hass.bus.async_listen(EVENT_STATE_CHANGED, take)
    return found


def window(start: datetime, end: datetime | None = None) -> dict[str, str]:
    """Return a delivery window of an hour, or another, as the market sends it."""
    return {
        "delivery_start": start.isoformat(),
        "delivery_end": (end or start + HOUR).isoformat(),
    }


async def tell(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    message: dict[str, Any],
) -> None:
    """Send a word on an own order or contract, and wait until it is taken."""
    traffic = entry.runtime_data.traffic["trade"]
    count = traffic.messages
    await market.control.send("trade", message)
    await eventually(lambda: traffic.messages > count)
    await hass.async_block_till_done()


async def events(
    hass: HomeAssistant, start: datetime, end: datetime
) -> list[dict[str, Any]]:
    """Return what the calendar has within a time."""
    answer = await hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": CALENDAR,
            "start_date_time": start.isoformat(),
            "end_date_time": end.isoformat(),
        },
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    found: list[dict[str, Any]] = answer[CALENDAR]["events"]  # type: ignore[assignment]
    return found


@pytest.fixture
async def entry(
    clock: Clock, account_entry: MockConfigEntry, set_up: SetUp
) -> MockConfigEntry:
    """Set the entry up at noon."""
    await set_up(account_entry)
    return account_entry


async def test_the_calendar(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    pictured: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is registered, and shows the next delivery in plain words and local time."""
    monkeypatch.setattr("custom_components.glocalflex.PLATFORMS", [Platform.CALENDAR])
    await hass.config.async_set_time_zone("Europe/Helsinki")
    await set_up(account_entry)
    assert value(hass, CALENDAR) == STATE_OFF
    await tell(hass, market, account_entry, order_status("filled"))
    assert described(hass, account_entry) == pictured


async def test_on_for_exactly_the_window(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """It begins and ends by the clock; no message comes at an edge."""
    assert shown(hass) == (STATE_OFF, STATE_OFF, STATE_UNKNOWN)
    assert value(hass, END) == STATE_UNKNOWN
    await tell(hass, market, entry, order_status("matching_active"))
    assert shown(hass) == (STATE_OFF, STATE_OFF, STATE_UNKNOWN)
    states = changes(hass, ACTIVE)
    start, end = NOON + HOUR, NOON + 2 * HOUR
    await tell(hass, market, entry, at(order_status("filled"), "2026-05-05T09:00:31Z"))
    ahead = (STATE_OFF, STATE_OFF, start.isoformat())
    assert shown(hass) == ahead
    assert value(hass, END) == end.isoformat()
    assert attributes(hass, ACTIVE).keys() == {"friendly_name"}

    received = entry.runtime_data.traffic["trade"].messages
    await clock.move(hass, start - SECOND)
    assert shown(hass) == ahead
    assert states == []
    await clock.move(hass, start)
    assert shown(hass) == (STATE_ON, STATE_ON, STATE_UNKNOWN)
    assert value(hass, END) == STATE_UNKNOWN
    assert attributes(hass, ACTIVE) == {
        "friendly_name": "GLocalFlex Delivery active",
        "side": "sell",
        "price": 0.3,
        "power": 2000.0,
        "at_most": False,
        "start": start,
        "end": end,
        "deliveries": 1,
        "sides": ["sell"],
    }
    await clock.move(hass, end - SECOND)
    assert shown(hass) == (STATE_ON, STATE_ON, STATE_UNKNOWN)
    await clock.move(hass, end)
    assert shown(hass) == (STATE_OFF, STATE_OFF, STATE_UNKNOWN)
    assert attributes(hass, ACTIVE).keys() == {"friendly_name"}
    assert states == [STATE_ON, STATE_OFF]
    state = hass.states.get(ACTIVE)
    assert state is not None
    assert state.last_changed == end
    assert entry.runtime_data.traffic["trade"].messages == received


async def test_a_contract_at_last(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """The simulated market's own sequence: contracts are told of after delivery, which goes by the order."""
    order = await market.control.place_order(
        USERNAME, side="sell", power=2000, price=0.3
    )
    await market.control.place_order(None, side="buy", power=500, price=0.4)
    await market.control.place_order(None, side="buy", power=1500, price=0.5)
    coordinator = entry.runtime_data
    await eventually(lambda: len(coordinator.deliveries.known()) == 1)
    (delivery,) = coordinator.deliveries.known()
    assert (delivery.order_id, delivery.status) == (order, "filled")
    await market.control.advance(6 * 3600)
    await eventually(
        lambda: coordinator.own.contracts_in("settlement_completed_success") == 2
    )
    found = await events(hass, NOON, NOON + 6 * HOUR)
    assert [(event["summary"], event["start"]) for event in found] == [
        (
            "Sell 0.5 kW at 0.30 EUR/kWh",
            delivery.start.astimezone(dt_util.get_default_time_zone()).isoformat(),
        ),
        (
            "Sell 1.5 kW at 0.30 EUR/kWh",
            delivery.start.astimezone(dt_util.get_default_time_zone()).isoformat(),
        ),
    ]


async def test_already_begun(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """What runs when it is told of is on at once, and ends in time; what is over was."""
    states = changes(hass, ACTIVE)
    await tell(
        hass,
        market,
        entry,
        order_status("filled", "over", **window(NOON - 2 * HOUR, NOON)),
    )
    assert shown(hass) == (STATE_OFF, STATE_OFF, STATE_UNKNOWN)
    assert states == []
    (event,) = await events(hass, NOON - 3 * HOUR, NOON + HOUR)
    assert event["description"] == "Order: over\nStatus: filled"
    await tell(
        hass,
        market,
        entry,
        order_status("filled", "begun", **window(NOON - QUARTER)),
    )
    assert shown(hass) == (STATE_ON, STATE_ON, STATE_UNKNOWN)
    await clock.move(hass, NOON + HOUR - QUARTER)
    assert shown(hass) == (STATE_OFF, STATE_OFF, STATE_UNKNOWN)
    assert states == [STATE_ON, STATE_OFF]


@pytest.mark.parametrize("status", ["cancelled", "failed"])
async def test_cancelled(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    status: str,
) -> None:
    """Before it begins it never is; while it runs it ends at once, and once."""
    states = changes(hass, ACTIVE)
    await tell(hass, market, entry, order_status("filled"))
    await tell(
        hass,
        market,
        entry,
        order_status("filled", "order-2", **window(NOON + 3 * HOUR)),
    )
    assert value(hass, START) == (NOON + HOUR).isoformat()
    await tell(hass, market, entry, at(order_status(status), "2026-05-05T09:10:00Z"))
    assert value(hass, START) == (NOON + 3 * HOUR).isoformat()
    await clock.move(hass, NOON + HOUR)
    assert states == []
    await clock.move(hass, NOON + 3 * HOUR + QUARTER)
    assert states == [STATE_ON]
    cancelled = order_status(status, "order-2", **window(NOON + 3 * HOUR))
    await tell(hass, market, entry, at(cancelled, "2026-05-05T12:15:00Z"))
    assert shown(hass) == (STATE_OFF, STATE_OFF, STATE_UNKNOWN)
    assert await events(hass, NOON, NOON + 5 * HOUR) == []
    await clock.move(hass, NOON + 4 * HOUR)
    assert states == [STATE_ON, STATE_OFF]


async def test_overlapping(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """On from the first beginning to the last end; shown is the one that began first."""
    states, calendar_states = changes(hass, ACTIVE), changes(hass, CALENDAR)
    for order_id, first, last, fields in (
        ("long", 1, 4, {"side": "buy", "power": 1000}),
        ("inner", 2, 3, {}),
        ("later", 3.5, 5, {"power": 500}),
    ):
        span = window(NOON + first * HOUR, NOON + last * HOUR)
        message = order_status("filled", order_id, **span, **fields)
        await tell(hass, market, entry, message)

    def running() -> tuple[Any, ...]:
        found = attributes(hass, ACTIVE)
        names = ("side", "power", "end", "deliveries", "sides")
        return tuple(found.get(name) for name in names)

    four, five = NOON + 4 * HOUR, NOON + 5 * HOUR
    for moment, expected, summary in (
        (1, ("buy", 1000.0, four, 1, ["buy"]), "Buy 1 kW at 0.30 EUR/kWh"),
        (2, ("buy", 1000.0, four, 2, ["buy", "sell"]), "Buy 1 kW at 0.30 EUR/kWh"),
        (3, ("buy", 1000.0, four, 1, ["buy"]), "Buy 1 kW at 0.30 EUR/kWh"),
        (3.5, ("buy", 1000.0, four, 2, ["buy", "sell"]), "Buy 1 kW at 0.30 EUR/kWh"),
        (4, ("sell", 500.0, five, 1, ["sell"]), "Sell 0.5 kW at 0.30 EUR/kWh"),
    ):
        await clock.move(hass, NOON + moment * HOUR)
        assert running() == expected, moment
        assert attributes(hass, CALENDAR)["message"] == summary
    await clock.move(hass, five)
    assert running() == (None,) * 5
    assert states == calendar_states == [STATE_ON, STATE_OFF]


async def test_adjoining(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """Where one ends and another begins nothing flickers; the terms change."""
    states, calendar_states = changes(hass, ACTIVE), changes(hass, CALENDAR)
    for number, price in enumerate((0.3, 0.4, -0.1)):
        span = window(NOON + (number + 1) * HOUR)
        message = order_status("filled", f"order-{number}", price=price, **span)
        await tell(hass, market, entry, message)
    for number, price in enumerate((0.3, 0.4, -0.1)):
        await clock.move(hass, NOON + (number + 1) * HOUR)
        assert attributes(hass, ACTIVE)["price"] == price
        assert attributes(hass, ACTIVE)["deliveries"] == 1
    assert states == calendar_states == [STATE_ON]
    await clock.move(hass, NOON + 4 * HOUR)
    assert states == calendar_states == [STATE_ON, STATE_OFF]


async def test_the_next_of_each_side(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """Both sensors tell the side of the next one, and the same of the next of each side."""
    for name, hours, side in (
        ("sold", 2, "sell"),
        ("bought", 1, "buy"),
        ("unsaid", 3, None),
    ):
        span = window(NOON + hours * HOUR, NOON + (hours + 0.5) * HOUR)
        await tell(hass, market, entry, order_status("filled", name, side=side, **span))

    def shown(name: str, later: float = 0) -> tuple[Any, ...]:
        found = attributes(hass, name)
        times = (
            time and (time - NOON) / HOUR - later
            for time in (found["sold"], found["bought"])
        )
        return (found["side"], *times)

    for hours, expected in enumerate(
        (("buy", 2, 1), ("sell", 2, None), (None, 3, None), (None, None, None))
    ):
        await clock.move(hass, NOON + hours * HOUR)
        assert shown(START) == shown(END, 0.5) == expected


async def test_told_while_it_waits(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """A delivery that is nearer than the one waited for is not missed; a changed window is followed."""
    late = order_status("filled", "late", **window(NOON + 10 * HOUR))
    await tell(hass, market, entry, late)
    await tell(hass, market, entry, order_status("filled", **window(NOON + QUARTER)))
    moved = order_status("delayed", **window(NOON + 2 * QUARTER))
    await tell(hass, market, entry, at(moved, "2026-05-05T09:01:00Z"))
    await clock.move(hass, NOON + QUARTER)
    assert value(hass, ACTIVE) == STATE_OFF
    await clock.move(hass, NOON + 2 * QUARTER)
    assert value(hass, ACTIVE) == STATE_ON


async def test_on_before_automations_hear_of_it(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """Who is told that an order is filled finds its delivery already running."""
    seen: list[str] = []

    @callback
    def look(_event: Event) -> None:
        seen.append(value(hass, ACTIVE))

    hass.bus.async_listen("glocalflex_order_status", look)
    await tell(hass, market, entry, order_status("filled", **window(NOON)))
    assert seen == [STATE_ON]


@pytest.mark.parametrize("is_away", [False, True])
async def test_restart(
    clock: Clock,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    entry: MockConfigEntry,
    is_away: bool,
) -> None:
    """A restart in the middle goes on from what is stored, also where the market is away."""
    await tell(hass, market, entry, order_status("filled"))
    later = order_status("filled", "order-2", **window(NOON + 3 * HOUR))
    await tell(hass, market, entry, later)
    await clock.move(hass, NOON + HOUR + QUARTER)
    states = changes(hass, ACTIVE)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert value(hass, ACTIVE) == STATE_UNAVAILABLE
    if is_away:
        await market.stop()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert shown(hass) == (STATE_ON, STATE_ON, (NOON + 3 * HOUR).isoformat())
    assert set(states) == {STATE_UNAVAILABLE, STATE_ON}
    await clock.move(hass, NOON + 2 * HOUR)
    assert shown(hass) == (STATE_OFF, STATE_OFF, (NOON + 3 * HOUR).isoformat())
    await clock.move(hass, NOON + 3 * HOUR)
    assert value(hass, ACTIVE) == STATE_ON
    # One that began and one that ended while Home Assistant was not there.
    assert await hass.config_entries.async_unload(entry.entry_id)
    clock.set(NOON + 4 * HOUR)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert shown(hass) == (STATE_OFF, STATE_OFF, STATE_UNKNOWN)


async def test_an_edge_while_unloaded_is_not_told(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No timer outlives the entry, neither for an edge nor for a change."""
    monkeypatch.setattr("custom_components.glocalflex.delivery_clock.INTERVAL", 5.0)
    await set_up(account_entry)
    told: list[datetime] = []
    account_entry.runtime_data.deliveries.async_add_listener(
        lambda: told.append(dt_util.utcnow())
    )
    await tell(hass, market, account_entry, order_status("filled"))
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    await clock.move(hass, NOON + HOUR)
    assert told == []


@pytest.mark.parametrize("stream", ["trade", None])
async def test_the_stream_is_lost(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    stream: Any,
) -> None:
    """Deliveries begin and end by the clock while nothing is heard of the market."""
    states = changes(hass, ACTIVE)
    await tell(hass, market, entry, order_status("filled"))
    market.control.refuse(503, what="stream")
    await market.control.cut(stream)
    await eventually(
        lambda: value(hass, "sensor.glocalflex_last_order_status") == STATE_UNAVAILABLE
    )
    assert shown(hass) == (STATE_OFF, STATE_OFF, (NOON + HOUR).isoformat())
    await clock.move(hass, NOON + HOUR)
    assert shown(hass) == (STATE_ON, STATE_ON, STATE_UNKNOWN)
    market.control.refuse(None)
    await eventually(
        lambda: value(hass, "sensor.glocalflex_last_order_status") == "filled"
    )
    assert shown(hass) == (STATE_ON, STATE_ON, STATE_UNKNOWN)
    market.control.refuse(503, what="stream")
    await market.control.cut(stream)
    await clock.move(hass, NOON + 2 * HOUR)
    assert shown(hass) == (STATE_OFF, STATE_OFF, STATE_UNKNOWN)
    assert states == [STATE_ON, STATE_OFF]


async def test_the_password_is_refused(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """While the user is asked to sign in again, and after that, a delivery goes on."""
    states, calendar_states = changes(hass, ACTIVE), changes(hass, CALENDAR)
    await tell(hass, market, entry, order_status("filled"))
    await clock.move(hass, NOON + HOUR)
    market.control.refuse(401)
    market.control.expire_tokens()
    await eventually(lambda: len(hass.config_entries.flow.async_progress()) == 1)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert shown(hass) == (STATE_ON, STATE_ON, STATE_UNKNOWN)
    await clock.move(hass, NOON + 2 * HOUR - SECOND)
    assert states == calendar_states == [STATE_ON]
    await clock.move(hass, NOON + 2 * HOUR)
    assert states == calendar_states == [STATE_ON, STATE_OFF]


async def test_signed_in_again_in_the_middle(
    clock: Clock,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    entry: MockConfigEntry,
) -> None:
    """The entry is loaded anew for it, which ends no delivery."""
    await tell(hass, market, entry, order_status("filled"))
    await clock.move(hass, NOON + HOUR)
    states = changes(hass, ACTIVE)
    flow = await entry.start_reauth_flow(hass)
    answer = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"password": "open sesame"}
    )
    assert answer["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    await eventually(lambda: value(hass, ACTIVE) == STATE_ON)
    assert STATE_OFF not in states
    assert STATE_UNKNOWN not in states


ZURICH = ZoneInfo("Europe/Zurich")

# By Zurich's clock, the second of two equal times marked: clocks are set back at 01:00 UTC on
# 25 October, and forward at 01:00 UTC on 29 March.
NIGHTS = {
    "ends before it begins, by the clock's face": (
        ("2026-10-25T00:45Z", "2026-10-25T01:15Z"),
        ("2026-10-25T02:45:00+02:00", "2026-10-25T02:15:00+01:00"),
    ),
    "ends when it begins, by the clock's face": (
        ("2026-10-25T00:00Z", "2026-10-25T01:00Z"),
        ("2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"),
    ),
    "within the second of two hours": (
        ("2026-10-25T01:15Z", "2026-10-25T01:30Z"),
        ("2026-10-25T02:15:00+01:00", "2026-10-25T02:30:00+01:00"),
    ),
    "over the hour that is not": (
        ("2026-03-29T00:45Z", "2026-03-29T01:15Z"),
        ("2026-03-29T01:45:00+01:00", "2026-03-29T03:15:00+02:00"),
    ),
}


@pytest.mark.parametrize(("instants", "local"), NIGHTS.values(), ids=NIGHTS)
async def test_a_night_on_which_clocks_change(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    instants: tuple[str, str],
    local: tuple[str, str],
) -> None:
    """A window is two instants, whatever the clock on the wall shows."""
    await hass.config.async_set_time_zone("Europe/Zurich")
    start, end = (datetime.fromisoformat(instant) for instant in instants)
    clock.set(start - 2 * HOUR)
    await set_up(account_entry)
    states, calendar_states = changes(hass, ACTIVE), changes(hass, CALENDAR)
    await tell(
        hass, market, account_entry, order_status("filled", **window(start, end))
    )
    assert shown(hass) == (STATE_OFF, STATE_OFF, start.isoformat())
    (event,) = await events(hass, start - HOUR, end + HOUR)
    assert (event["start"], event["end"]) == local
    assert await events(hass, start - HOUR, start) == []
    assert await events(hass, end, end + HOUR) == []
    # Whatever has the calendar look an hour before, when the clock may show the same.
    await clock.move(hass, start - HOUR + timedelta(minutes=5))
    later = order_status("filled", "later", **window(end + 3 * HOUR))
    await tell(hass, market, account_entry, later)
    await clock.move(hass, start - SECOND)
    assert states == calendar_states == []
    moment, ahead = start, (end + 3 * HOUR).isoformat()
    while moment < end:
        await clock.move(hass, moment)
        assert shown(hass) == (STATE_ON, STATE_ON, ahead)
        moment += timedelta(minutes=5)
    await clock.move(hass, end - SECOND)
    assert states == calendar_states == [STATE_ON]
    await clock.move(hass, end)
    await clock.move(hass, end + 2 * HOUR)
    assert states == calendar_states == [STATE_ON, STATE_OFF]


@pytest.mark.parametrize(
    ("day", "quarters"), [("03-29", 92), ("05-05", 96), ("10-25", 100)]
)
async def test_every_quarter_of_a_day(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    day: str,
    quarters: int,
) -> None:
    """A day of deliveries has as many as it has quarters, and no gap."""
    await hass.config.async_set_time_zone("Europe/Zurich")
    midnight = datetime.fromisoformat(f"2026-{day}").replace(tzinfo=ZURICH)
    begin, end = (
        midnight.astimezone(UTC),
        (midnight + timedelta(days=1)).astimezone(UTC),
    )
    clock.set(begin - HOUR)
    await set_up(account_entry)
    states, calendar_states = changes(hass, ACTIVE), changes(hass, CALENDAR)
    for number in range(-1, quarters + 1):
        start = begin + number * QUARTER
        message = order_status("filled", f"{number}", **window(start, start + QUARTER))
        await market.control.send("trade", at(message, begin.isoformat()))
    known = account_entry.runtime_data.deliveries.known
    await eventually(lambda: len(known()) == quarters + 2)
    found = await events(hass, begin, end)
    assert len(found) == quarters
    assert all(
        before["end"] == after["start"] for before, after in itertools.pairwise(found)
    )
    moment = begin
    while moment < end:
        await clock.move(hass, moment)
        assert attributes(hass, ACTIVE)["start"] == moment
        assert shown(hass)[:2] == (STATE_ON, STATE_ON)
        moment += QUARTER
    assert states == calendar_states == [STATE_ON]


async def test_the_edges_of_a_query(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """What only touches the time asked for is not within it."""
    await tell(hass, market, entry, order_status("filled"))
    start, end = NOON + HOUR, NOON + 2 * HOUR
    for first, last, count in (
        (NOON, start, 0),
        (NOON, start + SECOND, 1),
        (start, end, 1),
        (start + QUARTER, start + 2 * QUARTER, 1),
        (end - SECOND, end + HOUR, 1),
        (end, end + HOUR, 0),
    ):
        assert len(await events(hass, first, last)) == count, (first, last)


async def test_words(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """An event says in short what is delivered, as far as it is known."""
    nothing = {"side": None, "power": None, "price": None}
    hours = [window(NOON + number * HOUR) for number in range(5)]
    for message in (
        order_status("filled", **hours[0]),
        order_status(
            "filled", "2", side="buy", power=1234.5, price=-0.00001, **hours[1]
        ),
        order_status("partially_filled", "3", price=11, **hours[2]),
        order_status("filled", "4", **nothing, **hours[3]),
        contract_status(
            "verification_initiated", order_id="none", price=0.4321, **hours[4]
        ),
    ):
        await tell(hass, market, entry, message)
    found = await events(hass, NOON, NOON + 24 * HOUR)
    assert [event["summary"] for event in found] == [
        "Sell 2 kW at 0.30 EUR/kWh",
        "Buy 1.2345 kW at -0.00001 EUR/kWh",
        "Sell at most 2 kW at 11.00 EUR/kWh",
        "Delivery",
        "Sell 2 kW at 0.4321 EUR/kWh",
    ]
    assert [event["description"] for event in found][2:] == [
        "Order: 3\nStatus: partially_filled",
        "Order: 4\nStatus: filled",
        "Order: none\nContract: contract-1\nStatus: verification_initiated",
    ]
    assert attributes(hass, ACTIVE)["at_most"] is False
    await clock.move(hass, NOON + 2 * HOUR)
    assert attributes(hass, ACTIVE)["at_most"] is True


async def test_many(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """Two thousand are as good as one."""
    count = 2000
    for number in range(count):
        span = window(NOON + number * HOUR)
        await market.control.send("trade", order_status("filled", f"{number}", **span))
    known = entry.runtime_data.deliveries.known
    await eventually(lambda: len(known()) == count)
    assert len(await events(hass, NOON, NOON + 3000 * HOUR)) == count
    assert len(await events(hass, NOON + 1000 * HOUR, NOON + 1024 * HOUR)) == 24
    states = changes(hass, ACTIVE)
    await clock.move(hass, NOON + HOUR)
    assert attributes(hass, ACTIVE)["end"] == NOON + 2 * HOUR
    assert states == []


async def test_changes_close_together_are_told_as_one(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first at once, those close behind together; an edge does not wait."""
    monkeypatch.setattr("custom_components.glocalflex.delivery_clock.INTERVAL", 5.0)
    await set_up(account_entry)
    await clock.move(hass, NOON + 6 * SECOND)
    told: list[datetime] = []
    deliveries = account_entry.runtime_data.deliveries
    stop = deliveries.async_add_listener(lambda: told.append(dt_util.utcnow()))
    await tell(
        hass,
        market,
        account_entry,
        order_status("filled", **window(NOON + 10 * SECOND)),
    )
    for number in range(3):
        span = window(NOON + number * HOUR + 20 * SECOND)
        message = order_status("filled", f"later-{number}", **span)
        await tell(hass, market, account_entry, message)
    # Who asks has the newest.
    assert len(deliveries.known()) == 4
    assert told == [NOON + 6 * SECOND]
    await clock.move(hass, NOON + 10 * SECOND)
    assert told == [NOON + 6 * SECOND, NOON + 10 * SECOND]
    await clock.move(hass, NOON + 20 * SECOND)
    assert told[2:] == [NOON + 20 * SECOND]
    stop()
    await clock.move(hass, NOON + HOUR)
    assert len(told) == 3


async def test_forgotten_in_time(
    clock: Clock, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """What the market says nothing of for a month goes, the calendar's event with it."""
    await tell(hass, market, entry, order_status("filled"))
    assert len(await events(hass, NOON, NOON + 3 * HOUR)) == 1
    await clock.move(hass, NOON + timedelta(days=40))
    assert await events(hass, NOON, NOON + 3 * HOUR) == []


async def test_none_without_an_account(
    hass: HomeAssistant, market: Simulator, set_up: SetUp
) -> None:
    """Market data only: nobody's deliveries."""
    await set_up(
        MockConfigEntry(
            domain="glocalflex",
            unique_id=market.host,
            data={"kind": "public", "host": market.host, "plain": True},
        )
    )
    for entity_id in (ACTIVE, CALENDAR, START, END):
        assert hass.states.get(entity_id) is None
