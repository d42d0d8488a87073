"""What a user hands on to find out what is wrong, and what must be in nothing of it."""

from http import HTTPStatus
import json
import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.glocalflex.diagnostics import async_get_config_entry_diagnostics
from custom_components.glocalflex.market import stream
from custom_components.glocalflex.simulator import Simulator
from custom_components.glocalflex.simulator.accounts import Accounts, Tokens
from homeassistant.const import MATCH_ALL, STATE_OFF, STATE_ON
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.json import ExtendedJSONEncoder
from homeassistant.setup import async_setup_component

from .conftest import PASSWORD, USERNAME, SetUp, eventually

TRADE_STREAM = "binary_sensor.glocalflex_trade_stream"


async def diagnostics(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return an entry's diagnostics as the file has them."""
    content = await async_get_config_entry_diagnostics(hass, entry)
    decoded: dict[str, Any] = json.loads(json.dumps(content, cls=ExtendedJSONEncoder))
    return decoded


def is_shown(hass: HomeAssistant, entity_id: str, value: str) -> bool:
    """Tell whether an entity has a state."""
    return (state := hass.states.get(entity_id)) is not None and state.state == value


async def test_content(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """They tell how the streams are and what is known, and not who the user is."""
    await set_up(account_entry)
    await market.control.place_order(USERNAME, side="buy", price=0.1, power=100)
    await market.control.trade(0.42)
    await market.control.send("ticker", "no JSON")
    traffic = account_entry.runtime_data.traffic
    await eventually(lambda: traffic["ticker"].undecodable == 1)
    await eventually(lambda: bool(account_entry.runtime_data.own.orders))
    await eventually(lambda: is_shown(hass, "sensor.glocalflex_bid_orders", "1"))
    found = await diagnostics(hass, account_entry)
    assert found["data"] == {
        "kind": "account",
        "host": market.host,
        "plain": True,
        "username": "**REDACTED**",
        "password": "**REDACTED**",
        "refresh_token": "**REDACTED**",
    }
    assert found["options"] == {}
    ticker = found["streams"]["ticker"]
    assert ticker["connected"] is True
    assert ticker["reconnects"] == 0
    assert ticker["error"] is None
    assert ticker["undecodable"] == 1
    assert ticker["last_message_at"]
    assert set(found["streams"]) == {"ticker", "orderbook", "trade"}
    assert found["parts"][0]["last_trade"]["price"] == 0.42
    assert found["parts"][0]["book"]["best_bid"] == 0.1
    assert found["parts"][0]["day"]["trades"] == 1
    assert found["own"] == {"orders": 1, "contracts": 0}
    assert USERNAME.lower() not in str(found).lower()

    await market.stop()
    await eventually(lambda: is_shown(hass, TRADE_STREAM, STATE_OFF))
    found = await diagnostics(hass, account_entry)
    assert found["streams"]["trade"]["connected"] is False
    assert found["streams"]["trade"]["error"]


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Collect all that nobody may read: the password, and each token that a market gives."""
    found = {PASSWORD, "of-yesterday"}
    issue = Accounts._issue  # noqa: SLF001

    def issue_and_note(accounts: Accounts, name: str) -> Tokens:
        tokens = issue(accounts, name)
        found.update((tokens.access_token, tokens.refresh_token))
        return tokens

    monkeypatch.setattr(Accounts, "_issue", issue_and_note)
    return found


async def test_no_credential_anywhere(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    secrets: set[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever happens, no log, event, state or diagnostics holds a password or a token."""
    monkeypatch.setattr(stream, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(stream, "UNREACHABLE_RETRY_LIMIT", 0.05)
    caplog.set_level(logging.DEBUG)
    told: list[str] = []

    def note(event: Event[Any]) -> None:
        told.append(str(event.as_dict()))

    hass.bus.async_listen(MATCH_ALL, note)
    await async_setup_component(hass, "logger", {})

    # Set up, with something going on.
    await set_up(account_entry)
    await market.control.place_order(USERNAME, side="buy", price=0.1, power=100)
    await eventually(lambda: is_shown(hass, "sensor.glocalflex_orders_active", "1"))

    # Renew.
    market.control.expire_tokens()
    await eventually(lambda: market.control.renewals == 1)
    await eventually(lambda: is_shown(hass, TRADE_STREAM, STATE_ON))
    told.append(str(await diagnostics(hass, account_entry)))

    # Fail and come back.
    await market.stop()
    await eventually(lambda: is_shown(hass, TRADE_STREAM, STATE_OFF))
    told.append(str(await diagnostics(hass, account_entry)))
    await market.start()
    await eventually(lambda: is_shown(hass, TRADE_STREAM, STATE_ON))
    for status in (
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.UNAUTHORIZED,
    ):
        # Refused in the end, so that the user must sign in again.
        market.control.refuse(status)
        market.control.expire_tokens()
        await eventually(lambda: is_shown(hass, TRADE_STREAM, STATE_OFF))
        told.append(str(await diagnostics(hass, account_entry)))
        if status is not HTTPStatus.UNAUTHORIZED:
            market.control.refuse(None)
            await eventually(lambda: is_shown(hass, TRADE_STREAM, STATE_ON))
    await eventually(lambda: bool(hass.config_entries.flow.async_progress()))

    # Sign in again, wrong and right.
    market.control.refuse(None)
    (flow,) = hass.config_entries.flow.async_progress()
    for password in ("of-yesterday", PASSWORD):
        result = await hass.config_entries.flow.async_configure(
            flow["flow_id"], {"password": password}
        )
        told.append(str(result))
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    await eventually(lambda: is_shown(hass, TRADE_STREAM, STATE_ON))
    told.append(str(await diagnostics(hass, account_entry)))
    told.extend(str(state.as_dict()) for state in hass.states.async_all())

    # caplog.text has the tracebacks as well.
    everything = caplog.text + "".join(told)
    assert "custom_components.glocalflex" in caplog.text
    assert len(secrets) > 8
    assert {secret for secret in secrets if secret in everything} == set()
