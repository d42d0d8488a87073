"""Tests of the binary sensors."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.glocalflex.simulator import Simulator
from homeassistant.const import STATE_OFF, STATE_ON, Platform
from homeassistant.core import HomeAssistant

from .conftest import Clock, SetUp, described, eventually

STREAMS = {
    "trade": "trade_stream",
    "orderbook": "order_book_stream",
    "ticker": "market_data_stream",
}


def states(hass: HomeAssistant) -> dict[str, str]:
    """Return which streams work, by Home Assistant's word."""
    found = {
        stream: hass.states.get(f"binary_sensor.glocalflex_{key}")
        for stream, key in STREAMS.items()
    }
    return {stream: state.state for stream, state in found.items() if state}


async def test_every_binary_sensor(
    clock: Clock,
    hass: HomeAssistant,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    pictured: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every binary sensor is registered, and on while its stream works."""
    monkeypatch.setattr(
        "custom_components.glocalflex.PLATFORMS", [Platform.BINARY_SENSOR]
    )
    await set_up(account_entry)
    assert described(hass, account_entry) == pictured


@pytest.mark.parametrize("stream", STREAMS)
async def test_follows_its_own_stream(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    stream: str,
) -> None:
    """It goes off with its stream, and comes on again; it is never unavailable."""
    await set_up(account_entry)
    on = dict.fromkeys(STREAMS, STATE_ON)
    assert states(hass) == on
    market.control.refuse(503, what="stream")
    await market.control.cut(stream, 1012)  # type: ignore[arg-type]
    await eventually(lambda: states(hass) == on | {stream: STATE_OFF})
    market.control.refuse(None)
    await eventually(lambda: states(hass) == on)


async def test_off_before_the_market_is_reached(
    hass: HomeAssistant, market: Simulator, account_entry: MockConfigEntry
) -> None:
    """An entry is set up also while its market is away."""
    await market.stop()
    account_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(account_entry.entry_id)
    await hass.async_block_till_done()
    assert states(hass) == dict.fromkeys(STREAMS, STATE_OFF)
    await market.start()
    await eventually(lambda: states(hass) == dict.fromkeys(STREAMS, STATE_ON))


async def test_no_trade_stream_without_an_account(
    hass: HomeAssistant, market: Simulator, set_up: SetUp
) -> None:
    """Market data only: there is no such stream, and so no entity of it."""
    entry = MockConfigEntry(
        domain="glocalflex",
        unique_id=market.host,
        data={"kind": "public", "host": market.host, "plain": True},
    )
    await set_up(entry)
    assert set(states(hass)) == {"orderbook", "ticker"}
    assert hass.states.get("event.glocalflex_order_status") is None
    assert hass.states.get("sensor.glocalflex_last_order_status") is None
    assert hass.states.get("event.glocalflex_trade") is not None
