"""Setting up, unloading, reloading and removing entries."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.market import stream
from custom_components.glocalflex.simulator import Settings, Simulator
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .conftest import ACCESS_TOKEN, PASSWORD, USERNAME, SetUp, eventually

TRADE_STREAM = "binary_sensor.glocalflex_trade_stream"
MARKET_DATA_STREAM = "binary_sensor.glocalflex_market_data_stream"


def shown(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's state."""
    state = hass.states.get(entity_id)
    assert state
    return state.state


def other_entry(market: Simulator, kind: str) -> MockConfigEntry:
    """Return an entry for the market, with a token or without an account."""
    data = {"kind": kind, "host": market.host, "plain": True}
    if kind == "token":
        data["token"] = ACCESS_TOKEN
    return MockConfigEntry(
        domain=DOMAIN, title=kind, unique_id=f"{market.host} {kind}", data=data
    )


async def test_market_away(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An entry is there while its market is away, and comes up with it."""
    monkeypatch.setattr(stream, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(stream, "UNREACHABLE_RETRY_LIMIT", 0.05)
    await market.stop()
    account_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(account_entry.entry_id)
    await hass.async_block_till_done()
    assert account_entry.state is ConfigEntryState.LOADED
    assert shown(hass, TRADE_STREAM) == STATE_OFF
    assert shown(hass, "sensor.glocalflex_best_bid") == STATE_UNAVAILABLE
    assert shown(hass, "event.glocalflex_trade") == STATE_UNAVAILABLE
    assert not hass.config_entries.flow.async_progress()

    await market.start()
    await eventually(lambda: shown(hass, TRADE_STREAM) == STATE_ON)
    await eventually(
        lambda: shown(hass, "sensor.glocalflex_last_price") == STATE_UNKNOWN
    )
    await market.control.trade(0.1)
    await eventually(lambda: shown(hass, "sensor.glocalflex_last_price") == "0.1")


async def test_refresh_token(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Each new refresh token is stored at once, and spares a restart the password."""
    await set_up(account_entry)
    tokens = [account_entry.data["refresh_token"]]
    assert market.control.sign_ins == 1

    market.control.expire_tokens()
    await eventually(lambda: market.control.renewals == 1)
    await eventually(lambda: account_entry.data["refresh_token"] != tokens[-1])
    tokens.append(account_entry.data["refresh_token"])

    restarted = MockConfigEntry(
        domain=DOMAIN,
        unique_id=account_entry.unique_id,
        data=dict(account_entry.data),
    )
    assert await hass.config_entries.async_remove(account_entry.entry_id)
    await set_up(restarted)
    tokens.append(restarted.data["refresh_token"])
    assert market.control.renewals == 2
    assert market.control.sign_ins == 1
    assert len(set(tokens)) == 3

    # One that the market has forgotten costs a sign-in, and no question.
    market.control.revoke_refresh_tokens()
    assert await hass.config_entries.async_reload(restarted.entry_id)
    await eventually(lambda: shown(hass, TRADE_STREAM) == STATE_ON)
    assert market.control.sign_ins == 2
    assert not hass.config_entries.flow.async_progress()


async def test_unload_and_reload(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An unloaded entry leaves its market, and finds back."""
    await set_up(account_entry)
    assert set(market.control.connections.values()) == {1}
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    await eventually(lambda: not any(market.control.connections.values()))
    assert shown(hass, TRADE_STREAM) == STATE_UNAVAILABLE
    # Nothing of it is left that would hear of this.
    await market.control.trade(0.1)

    assert await hass.config_entries.async_setup(account_entry.entry_id)
    await eventually(lambda: shown(hass, TRADE_STREAM) == STATE_ON)
    await eventually(
        lambda: shown(hass, "sensor.glocalflex_last_price") == STATE_UNKNOWN
    )
    assert await hass.config_entries.async_reload(account_entry.entry_id)
    await eventually(lambda: shown(hass, TRADE_STREAM) == STATE_ON)
    await eventually(lambda: set(market.control.connections.values()) == {1})


async def test_remove(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """What was stored for an entry goes with it."""
    key = f"{DOMAIN}.{account_entry.entry_id}"
    await set_up(account_entry)
    await market.control.place_order(USERNAME, side="buy", price=0.1, power=100)
    await eventually(lambda: shown(hass, "sensor.glocalflex_orders_active") == "1")
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    assert key in hass_storage

    assert await hass.config_entries.async_setup(account_entry.entry_id)
    assert await hass.config_entries.async_remove(account_entry.entry_id)
    await hass.async_block_till_done()
    assert key not in hass_storage
    assert not hass.states.async_entity_ids()


async def test_without_account(
    hass: HomeAssistant,
    market: Simulator,
    set_up: SetUp,
    entity_registry: er.EntityRegistry,
) -> None:
    """Who has no account sees nothing that only an account can fill."""
    entry = other_entry(market, "public")
    await set_up(entry)
    keys = {
        entity.unique_id.removeprefix(f"{entry.entry_id}_")
        for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    }
    assert {"last_price", "best_bid", "trade", "market_data_stream"} <= keys
    assert not [
        key
        for key in keys
        if key.startswith(("orders_", "contracts_", "last_order", "last_contract"))
        or key in ("order_status", "contract_status", "trade_stream")
    ]
    assert market.control.connections["trade"] == 0


async def test_side_by_side(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Two accounts at two markets keep apart."""
    settings = Settings(speed=0, orders_per_minute=0, users={"Bob": PASSWORD})
    async with Simulator(settings) as second:
        other = MockConfigEntry(
            domain=DOMAIN,
            title="Bob",
            unique_id=f"{second.host} bob",
            data={
                "kind": "account",
                "host": second.host,
                "plain": True,
                "username": "Bob",
                "password": PASSWORD,
            },
        )
        await set_up(account_entry)
        await set_up(other)
        devices = {
            dr.async_entries_for_config_entry(device_registry, entry.entry_id)[0].id
            for entry in (account_entry, other)
        }
        assert len(devices) == 2
        await market.control.trade(0.1)
        await second.control.trade(0.2)
        await eventually(lambda: shown(hass, "sensor.glocalflex_last_price") == "0.1")
        await eventually(lambda: shown(hass, "sensor.glocalflex_last_price_2") == "0.2")

        assert await hass.config_entries.async_remove(account_entry.entry_id)
        await second.control.trade(0.3)
        await eventually(lambda: shown(hass, "sensor.glocalflex_last_price_2") == "0.3")
        assert await hass.config_entries.async_unload(other.entry_id)


async def test_token(hass: HomeAssistant, market: Simulator, set_up: SetUp) -> None:
    """A token made elsewhere shows the orders of whom it belongs to; no sign-in is made."""
    await set_up(other_entry(market, "token"))
    await market.control.place_order(USERNAME, side="buy", price=0.1, power=100)
    await eventually(lambda: shown(hass, "sensor.glocalflex_orders_active") == "1")
    assert market.control.sign_ins == 0
