"""Tests of the event entities."""

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.glocalflex.simulator import Simulator
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant, State

from .conftest import Clock, SetUp, described, eventually
from .messages import contract_status, expired_order, order_status, trade

TICKER = ("event.glocalflex_trade", "event.glocalflex_expired_order")
OWN = ("event.glocalflex_order_status", "event.glocalflex_contract_status")


def event(hass: HomeAssistant, entity_id: str) -> State:
    """Return an event entity's state."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state


async def test_every_event_entity(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    pictured: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every event entity is registered, and shows the message it was told last."""
    monkeypatch.setattr("custom_components.glocalflex.PLATFORMS", [Platform.EVENT])
    await set_up(account_entry)
    await market.control.send("ticker", trade())
    await market.control.send("ticker", expired_order())
    await market.control.send("trade", order_status("accepted"))
    await market.control.send("trade", contract_status("verification_initiated"))
    await eventually(
        lambda: all(
            event(hass, entity_id).state not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
            for entity_id in TICKER + OWN
        )
    )
    assert described(hass, account_entry) == pictured


async def test_two_alike_are_two(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Also in the same moment each event changes its entity."""
    await set_up(account_entry)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    bus = async_capture_events(hass, "glocalflex_trade")
    for _ in range(5):
        await market.control.send("ticker", trade())
    await eventually(lambda: len(bus) == 5)
    assert sum(change.data["entity_id"] == TICKER[0] for change in changes) == 5


@pytest.mark.parametrize(
    ("stream", "down", "up"), [("ticker", TICKER, OWN), ("trade", OWN, TICKER)]
)
async def test_unavailable_while_its_stream_is_down(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    stream: str,
    down: tuple[str, ...],
    up: tuple[str, ...],
) -> None:
    """It returns with the event it showed before: nothing has happened meanwhile."""
    await set_up(account_entry)
    await market.control.send("ticker", trade())
    await market.control.send("ticker", expired_order())
    await market.control.send("trade", order_status("filled"))
    await market.control.send("trade", contract_status("settlement_initiated"))
    await eventually(
        lambda: all(
            event(hass, entity_id).state not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
            for entity_id in TICKER + OWN
        )
    )
    before = {entity_id: event(hass, entity_id).state for entity_id in TICKER + OWN}
    market.control.refuse(503, what="stream")
    await market.control.cut(stream)  # type: ignore[arg-type]
    await eventually(lambda: event(hass, down[0]).state == STATE_UNAVAILABLE)
    assert [event(hass, entity_id).state for entity_id in down] == [
        STATE_UNAVAILABLE
    ] * 2
    assert [event(hass, entity_id).state for entity_id in up] == [before[e] for e in up]
    market.control.refuse(None)
    await eventually(lambda: event(hass, down[0]).state != STATE_UNAVAILABLE)
    assert {e: event(hass, e).state for e in TICKER + OWN} == before


async def test_statuses_that_are_not_documented(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """They come as other, with their names as they are."""
    await set_up(account_entry)
    await market.control.send("trade", order_status("expired"))
    await market.control.send("trade", contract_status("settlement_failed"))
    await eventually(lambda: event(hass, OWN[1]).state != STATE_UNKNOWN)
    for entity_id, status in zip(OWN, ("expired", "settlement_failed"), strict=True):
        assert event(hass, entity_id).attributes["event_type"] == "other"
        assert event(hass, entity_id).attributes["status"] == status


async def test_messages_while_the_entry_is_unloaded(
    hass: HomeAssistant,
    hass_storage: dict[str, object],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An entry that is unloaded and loaded amid traffic misses what comes between, and tells nothing twice."""
    await set_up(account_entry)
    bus = async_capture_events(hass, "glocalflex_trade")
    await market.control.trade(0.1)
    await eventually(lambda: len(bus) == 1)
    for _ in range(50):
        await market.control.trade(0.2)
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    await market.control.trade(0.3)
    assert await hass.config_entries.async_setup(account_entry.entry_id)
    streams = account_entry.runtime_data.streams
    await eventually(lambda: all(stream.connected for stream in streams.values()))
    await market.control.trade(0.4)
    await eventually(lambda: bus[-1].data["price"] == 0.4)
    prices = [event.data["price"] for event in bus]
    assert prices == [0.1, *[0.2] * (len(prices) - 2), 0.4]
    assert event(hass, TICKER[0]).attributes["price"] == 0.4
