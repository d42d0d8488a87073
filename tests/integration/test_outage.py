"""Tests of what goes down, and comes back by itself."""

from collections import Counter
import re
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.glocalflex.market import stream as stream_module
from custom_components.glocalflex.simulator import Simulator
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant

from .conftest import SetUp, eventually
from .messages import order_status

NOTICED_WITHIN = 5.0

SENSORS = ("last_price", "best_bid", "last_order_status")
STREAM_SENSORS = ("trade_stream", "order_book_stream", "market_data_stream")
STREAMS = ("trade", "orderbook", "ticker")


def value(hass: HomeAssistant, key: str) -> str:
    """Return a sensor's state."""
    state = hass.states.get(f"sensor.glocalflex_{key}")
    assert state is not None, key
    return state.state


def up(hass: HomeAssistant) -> set[str]:
    """Return the states of the three streams' sensors."""
    states = [
        hass.states.get(f"binary_sensor.glocalflex_{key}") for key in STREAM_SENSORS
    ]
    return {state.state for state in states if state}


def logged(caplog: pytest.LogCaptureFixture) -> Counter[tuple[str, str]]:
    """Count how often the log says that a stream went or came."""
    return Counter(re.findall(r"the (\w+) stream (is away|works)", caplog.text))


@pytest.fixture
async def entry(account_entry: MockConfigEntry, set_up: SetUp) -> MockConfigEntry:
    """Set the entry up."""
    await set_up(account_entry)
    return account_entry


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let streams come back as soon as they can, and show it."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.0)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0.0)
    monkeypatch.setattr(stream_module, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(stream_module, "REFUSED_RETRY_LIMIT", 0.05)


async def live(hass: HomeAssistant, market: Simulator, price: float) -> None:
    """Prove that all three streams bring what happens now."""
    await market.control.trade(price)
    await market.control.place_order("Alice", side="buy", power=1000, price=price)
    await eventually(
        lambda: (
            value(hass, "last_price") == str(price)
            and value(hass, "best_bid") == str(price)
            and value(hass, "last_order_status") == "matching_active"
        )
    )


async def test_the_markets_return_is_noticed(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Within 5 seconds of real time, also when it was away for so long that waits are at their longest."""
    await live(hass, market, 0.1)
    # Each wait is the longest there is, and no luck shortens it.
    monkeypatch.setattr(
        stream_module, "FIRST_RETRY", stream_module.UNREACHABLE_RETRY_LIMIT
    )
    monkeypatch.setattr("random.uniform", max)
    await market.stop()
    await eventually(lambda: up(hass) == {STATE_OFF})
    assert {value(hass, key) for key in SENSORS} == {STATE_UNAVAILABLE}
    await market.start()
    returned = hass.loop.time()
    await eventually(lambda: up(hass) == {STATE_ON})
    assert hass.loop.time() - returned < NOTICED_WITHIN
    await live(hass, market, 0.2)
    assert logged(caplog) == {
        (stream, word): 1 for stream in STREAMS for word in ("is away", "works")
    }


async def test_a_long_absence_is_logged_once(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often a stream tries, its loss and its return are one line each."""
    attempts = 0
    handshake = stream_module.Stream._handshake  # noqa: SLF001

    async def counted(*args: Any) -> Any:
        nonlocal attempts
        attempts += 1
        return await handshake(*args)

    monkeypatch.setattr(stream_module.Stream, "_handshake", counted)
    await market.stop()
    monkeypatch.setattr(stream_module, "UNREACHABLE_RETRY_LIMIT", 0.01)
    await eventually(lambda: attempts > 20)
    await market.start()
    await eventually(lambda: up(hass) == {STATE_ON})
    assert logged(caplog) == {
        (stream, word): 1 for stream in STREAMS for word in ("is away", "works")
    }


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("code", [1000, 1001, 1006, 1008, 1011, 1012, 3000, 4999])
async def test_cut_with_any_code(
    hass: HomeAssistant, market: Simulator, entry: MockConfigEntry, code: int
) -> None:
    """Whatever a stream is closed with, it comes back, and its state with it."""
    await live(hass, market, 0.1)
    await market.control.cut(code=code)
    streams = entry.runtime_data.streams
    await eventually(lambda: all(s.reconnects == 1 for s in streams.values()))
    await live(hass, market, 0.2)


@pytest.mark.usefixtures("soon")
async def test_silence(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A market that hangs is left, and followed again when it answers."""
    monkeypatch.setattr(stream_module, "HEARTBEAT", 0.2)
    monkeypatch.setattr(stream_module, "CONFIRMATION", 0.2)
    await market.control.cut()
    streams = entry.runtime_data.streams
    await eventually(lambda: all(s.reconnects == 1 for s in streams.values()))
    market.control.freeze()
    await eventually(lambda: up(hass) == {STATE_OFF})
    market.control.thaw()
    await eventually(lambda: up(hass) == {STATE_ON})
    await live(hass, market, 0.2)


@pytest.mark.usefixtures("soon")
async def test_tokens_end_in_mid_stream(
    hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """A token that ends before its time is replaced by a renewal, without a password."""
    sign_ins = market.control.sign_ins
    market.control.expire_tokens()
    streams = entry.runtime_data.streams
    await eventually(lambda: all(s.reconnects == 1 for s in streams.values()))
    await live(hass, market, 0.2)
    assert market.control.sign_ins == sign_ins
    assert market.control.renewals >= 1


@pytest.mark.usefixtures("soon")
async def test_refresh_tokens_revoked(
    hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
) -> None:
    """Where a renewal is refused, the password is good for new tokens, and nobody is asked."""
    sign_ins = market.control.sign_ins
    market.control.revoke_refresh_tokens()
    market.control.expire_tokens()
    streams = entry.runtime_data.streams
    await eventually(lambda: all(s.reconnects == 1 for s in streams.values()))
    await live(hass, market, 0.2)
    assert market.control.sign_ins == sign_ins + 1
    assert not hass.config_entries.flow.async_progress()


@pytest.mark.usefixtures("soon")
async def test_the_password_is_refused(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The user is asked once; market data goes on meanwhile, and nothing secret is logged."""
    market.control.refuse(401)
    market.control.expire_tokens()
    await eventually(lambda: len(hass.config_entries.flow.async_progress()) == 1)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    await market.control.trade(0.7)
    streams = entry.runtime_data.streams
    await eventually(
        lambda: streams["ticker"].connected and streams["orderbook"].connected
    )
    await market.control.trade(0.8)
    await eventually(lambda: value(hass, "last_price") == "0.8")
    assert value(hass, "last_order_status") == STATE_UNAVAILABLE
    assert "open sesame" not in caplog.text


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("what", ["stream", "token"])
async def test_refused_for_a_while(
    hass: HomeAssistant,
    market: Simulator,
    entry: MockConfigEntry,
    status: int,
    what: Any,
) -> None:
    """A market too busy for now is asked again, and nobody is asked to sign in."""
    market.control.refuse(status, what=what)
    market.control.revoke_refresh_tokens()
    market.control.expire_tokens()
    await eventually(lambda: STATE_OFF in up(hass))
    market.control.refuse(None)
    await eventually(lambda: up(hass) == {STATE_ON})
    await live(hass, market, 0.2)
    assert not hass.config_entries.flow.async_progress()


async def test_home_assistant_restarts(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    entry: MockConfigEntry,
    all_enabled: None,
) -> None:
    """It goes on where it stopped: nothing is forgotten, told again, or told twice."""
    kinds = ("trade", "order_expired", "order_status", "contract_status")
    events = {kind: async_capture_events(hass, f"glocalflex_{kind}") for kind in kinds}
    control = market.control
    await control.trade(0.3, user="Alice")
    await live(hass, market, 0.2)
    # Orders expire, deliveries end, contracts are settled.
    await control.advance(6 * 3600)
    await eventually(lambda: value(hass, "contracts_settled") == "1")
    await eventually(lambda: value(hass, "expired_orders") == "1")
    known = {kind: [event.data for event in events[kind]] for kind in kinds}
    keys = (
        "expired_orders",
        "last_order_status",
        "last_contract_status",
        "orders_filled",
        "contracts_settled",
    )
    before = {key: value(hass, key) for key in keys}
    event_before = hass.states.get("event.glocalflex_trade")
    assert event_before is not None

    assert await hass.config_entries.async_unload(entry.entry_id)
    await control.trade(0.9, user="Alice")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(lambda: up(hass) == {STATE_ON})
    await eventually(lambda: {key: value(hass, key) for key in keys} == before)
    event_after = hass.states.get("event.glocalflex_trade")
    assert event_after is not None
    assert event_after.state == event_before.state
    assert known == {kind: [event.data for event in events[kind]] for kind in kinds}

    # What was told before the restart is known, what comes now is new.
    repeated = [e.document for e in market.journal if e.stream == "trade"][:3]
    for message in repeated:
        await control.send("trade", message)
    await control.send("trade", order_status("accepted", "order-new"))
    await eventually(lambda: value(hass, "last_order_status") == "accepted")
    assert [e.data["order_id"] for e in events["order_status"]][
        len(known["order_status"]) :
    ] == ["order-new"]


async def test_home_assistant_stops(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    market: Simulator,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It lets go of the market, writes down what must survive, and logs no loss."""
    await live(hass, market, 0.1)
    with patch.object(hass.loop, "stop"):
        await hass.async_stop(force=True)
    content = hass_storage[f"glocalflex.{entry.entry_id}"]["data"]
    assert content["counters"][entry.entry_id]["day"]["trades"] == 1
    assert len(content["orders"]) == 1
    await eventually(lambda: not any(market.control.connections.values()))
    assert not [
        record
        for record in caplog.records
        if record.levelname == "WARNING" and "is away" in record.message
    ]
