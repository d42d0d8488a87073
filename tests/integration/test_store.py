"""Tests of what survives a restart."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import HomeAssistant

from .conftest import SetUp, eventually
from .messages import at, contract_status, expired_order, order_status, trade


@pytest.fixture(autouse=True)
def prompt(all_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable every entity, and write states without delay."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.0)


def value(hass: HomeAssistant, key: str) -> str:
    """Return a sensor's state."""
    state = hass.states.get(f"sensor.glocalflex_{key}")
    assert state is not None, key
    return state.state


def counters(hass_storage: dict[str, Any], entry: MockConfigEntry) -> dict[str, Any]:
    """Return what is stored of the whole market's counters."""
    found: dict[str, Any] = stored(hass_storage, entry)["counters"][entry.entry_id]
    return found


def stored(hass_storage: dict[str, Any], entry: MockConfigEntry) -> dict[str, Any]:
    """Return the content of an entry's file."""
    content: dict[str, Any] = hass_storage[f"glocalflex.{entry.entry_id}"]["data"]
    return content


async def tell(market: Simulator) -> None:
    """Send one of each."""
    await market.control.send("ticker", trade())
    await market.control.send("ticker", expired_order())
    await market.control.send("trade", order_status("accepted"))
    await market.control.send("trade", contract_status("settlement_initiated"))


async def test_restored(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Counters, orders and contracts are taken up again; what was told before is not told anew."""
    await set_up(account_entry)
    await tell(market)
    await eventually(
        lambda: (
            value(hass, "contracts_in_settlement") == "1"
            and value(hass, "expired_orders") == "1"
        )
    )
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    content = stored(hass_storage, account_entry)
    assert content["market"] == account_entry.unique_id
    assert counters(hass_storage, account_entry)["expired_orders"] == 1
    assert counters(hass_storage, account_entry)["day"]["trades"] == 1

    statuses = async_capture_events(hass, "glocalflex_order_status")
    assert await hass.config_entries.async_setup(account_entry.entry_id)
    await eventually(lambda: value(hass, "expired_orders") == "1")
    await eventually(lambda: value(hass, "last_order_status") == "accepted")
    assert value(hass, "trades_today") == "1"
    assert value(hass, "energy_traded_today") == "1.5"
    assert value(hass, "last_contract_status") == "settlement_initiated"
    assert value(hass, "contracts_in_settlement") == "1"
    await market.control.send("trade", order_status("accepted"))
    await market.control.send(
        "trade", at(order_status("filled"), "2026-05-05T09:00:31Z")
    )
    await eventually(lambda: value(hass, "last_order_status") == "filled")
    assert [event.data["status"] for event in statuses] == ["filled"]


async def test_another_markets_file_is_ignored(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """An entry that was pointed at another market or account starts anew."""
    await set_up(account_entry)
    await tell(market)
    await eventually(lambda: value(hass, "expired_orders") == "1")
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    stored(hass_storage, account_entry)["market"] = "glocalflexmarket.com bob"
    assert await hass.config_entries.async_setup(account_entry.entry_id)
    await eventually(lambda: value(hass, "expired_orders") == "0")
    assert value(hass, "orders_accepted") == "0"


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"market": 5},
        {"market": "", "counters": "many"},
        ["no object"],
    ],
)
async def test_an_unusable_file(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    account_entry: MockConfigEntry,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    content: object,
) -> None:
    """Counting starts anew, with one line in the log, and what comes is stored."""
    key = f"glocalflex.{account_entry.entry_id}"
    hass_storage[key] = {"version": 1, "key": key, "data": content}
    await set_up(account_entry)
    assert value(hass, "expired_orders") == "0"
    assert caplog.text.count("Stored counters are unusable") == 1
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    assert counters(hass_storage, account_entry)["expired_orders"] == 0


async def test_a_newer_versions_file_is_left_alone(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    account_entry: MockConfigEntry,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a downgrade the market is followed, and nothing of the newer version is lost."""
    key = f"glocalflex.{account_entry.entry_id}"
    newer = {"version": 2, "key": key, "data": {"what": "ever"}}
    hass_storage[key] = dict(newer)
    await set_up(account_entry)
    assert value(hass, "expired_orders") == "0"
    assert caplog.text.count("Counters start anew") == 1
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    assert hass_storage[key]["data"] == newer["data"]


async def test_a_removed_entry_leaves_no_file(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Nothing stays behind."""
    await set_up(account_entry)
    assert await hass.config_entries.async_unload(account_entry.entry_id)
    assert f"glocalflex.{account_entry.entry_id}" in hass_storage
    await hass.config_entries.async_remove(account_entry.entry_id)
    assert f"glocalflex.{account_entry.entry_id}" not in hass_storage


async def test_a_status_is_written_soon(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A status does not wait for the counters' turn; a counter waits for its own."""
    monkeypatch.setattr(
        "custom_components.glocalflex.coordinator.SAVE_STATUS_AFTER", 0.01
    )
    await set_up(account_entry)
    await market.control.send("ticker", trade())
    await eventually(lambda: value(hass, "trades_today") == "1")
    assert f"glocalflex.{account_entry.entry_id}" not in hass_storage
    await market.control.send("trade", order_status("accepted"))
    await eventually(lambda: f"glocalflex.{account_entry.entry_id}" in hass_storage)
    content = stored(hass_storage, account_entry)
    assert counters(hass_storage, account_entry)["day"]["trades"] == 1
    assert [*content["orders"]] == ["order-1"]


async def test_steady_traffic_does_not_put_writing_off(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Trades that come closer together than the delay are written while they go on."""
    monkeypatch.setattr(
        "custom_components.glocalflex.coordinator.SAVE_COUNTERS_AFTER", 0.3
    )
    await set_up(account_entry)
    key = f"glocalflex.{account_entry.entry_id}"
    sent = 0

    def counted() -> bool:
        return value(hass, "trades_today") == str(sent)

    async def trades_until_written() -> int:
        nonlocal sent
        hass_storage.pop(key, None)
        while key not in hass_storage:
            sent += 1
            await market.control.send("ticker", trade())
            # Each is taken before the next is sent, so that they are spread in time.
            await eventually(counted)
        return int(counters(hass_storage, account_entry)["day"]["trades"])

    first = await trades_until_written()
    second = await trades_until_written()
    assert 2 < first < second <= sent
