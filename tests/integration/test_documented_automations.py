"""The automations in the README and the docs do what is said of them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from .automations import close_trade, device_id, set_ask, showing
from .conftest import NOON, USERNAME, Clock, SetUp, eventually
from .messages import contract_status, expired_order, order_status, trade

ROOT = Path(__file__).parents[2]

# In place of a device in the documents.
PLACEHOLDER = "0123456789abcdef0123456789abcdef"


def documented_automations(
    document: str, device_id: str = PLACEHOLDER
) -> list[dict[str, Any]]:
    """Return the automations that a document shows, of a device in place of the example's."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    automations = []
    for block in blocks:
        if block.startswith("alias:"):
            parsed = parse_yaml(block.replace(PLACEHOLDER, device_id))
            assert isinstance(parsed, dict)
            automations.append(parsed)
    return automations


def documented_automation(document: str) -> dict[str, Any]:
    """Return the one automation that a document shows."""
    (automation,) = documented_automations(document)
    return automation


async def test_readme(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first automation switches the charger off when dear, and on when cheap."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    await set_up(account_entry)
    off = async_mock_service(hass, "switch", "turn_off")
    on = async_mock_service(hass, "switch", "turn_on")
    assert await async_setup_component(
        hass, "automation", {"automation": documented_automation("README.md")}
    )

    async def trade(price: float) -> None:
        await market.control.trade(price)
        await eventually(
            lambda: (
                (state := hass.states.get("sensor.glocalflex_last_price")) is not None
                and state.state == str(price)
            )
        )
        await hass.async_block_till_done()

    await trade(0.7)
    assert (len(off), len(on)) == (0, 0)
    await trade(0.85)
    assert (len(off), len(on)) == (1, 0)
    assert off[0].data == {"entity_id": ["switch.car_charger"]}
    await trade(0.7)
    assert (len(off), len(on)) == (1, 0)
    await trade(0.59)
    assert (len(off), len(on)) == (1, 1)


async def test_order_filled(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """The documented event automation tells of a filled order, once."""
    await set_up(account_entry)
    notices = async_mock_service(hass, "persistent_notification", "create")
    assert await async_setup_component(
        hass, "automation", {"automation": documented_automation("docs/events.md")}
    )
    await market.control.place_order(USERNAME, side="sell", power=1500, price=0.4)
    await market.control.place_order(None, side="buy", power=1500, price=0.5)
    await eventually(lambda: bool(notices))
    await hass.async_block_till_done()
    assert [notice.data["title"] for notice in notices] == ["Order filled"]
    assert notices[0].data["message"].startswith("1500.0 W at 0.4 EUR/kWh, from 20")


class Actions:
    """What the documented automations do."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Stand in for the actions."""
        self._hass = hass
        self._calls: list[ServiceCall] = []

        @callback
        def note(call: ServiceCall) -> None:
            self._calls.append(call)

        for domain, action in (
            ("switch", "turn_on"),
            ("switch", "turn_off"),
            ("counter", "increment"),
            ("persistent_notification", "create"),
        ):
            hass.services.async_register(domain, action, note)

    async def end(self) -> None:
        """End the automations, some of which wait for a time of the day."""
        await self._hass.services.async_call(
            "automation", "turn_off", {"entity_id": "all"}, blocking=True
        )

    async def taken(self) -> list[tuple[str, object]]:
        """Return each action taken since the last call, with what it was about."""
        await self._hass.async_block_till_done()
        calls = [
            (
                call.service,
                call.data["message"]
                if "message" in call.data
                else call.data["entity_id"][0],
            )
            for call in self._calls
        ]
        self._calls.clear()
        return calls


async def test_triggers(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each example of a trigger does what its name says, and nothing else."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)
    await set_up(account_entry)
    hass.states.async_set("input_number.price_limit", "0.4")
    await set_ask(hass, market, 0.3)
    actions = Actions(hass)
    automations = documented_automations("docs/automations.md", device_id(hass))
    assert len(automations) == 7
    assert await async_setup_component(hass, "automation", {"automation": automations})
    charger = "switch.car_charger"
    assert await actions.taken() == [("turn_on", charger)]
    await set_ask(hass, market, 0.41)
    await set_ask(hass, market, 0.39)
    assert await actions.taken() == []
    await set_ask(hass, market, 0.7)
    assert await actions.taken() == [("turn_off", charger)]
    hass.states.async_set("input_number.price_limit", "0.8")
    assert await actions.taken() == [("turn_on", charger)]

    await close_trade(hass, market, -0.1, power=999)
    await close_trade(hass, market, 0, power=1000)
    await market.control.send("ticker", trade(price=-0.1, power=1000))
    await market.control.send("ticker", expired_order(power=5000))
    await market.control.send("ticker", expired_order(power=4999))
    await showing(hass, "sensor.glocalflex_expired_orders", 2)
    assert await actions.taken() == [
        ("create", "1000.0 W were sold at -0.1 EUR/kWh"),
        ("increment", "counter.missed_orders"),
    ]

    for status in ("accepted", "filled"):
        await market.control.send("trade", order_status(status))
    for status in ("verification_initiated", "settlement_completed_success"):
        await market.control.send("trade", contract_status(status))
    await showing(hass, "sensor.glocalflex_contracts_settled", 1)
    assert await actions.taken() == [
        ("create", "2000.0 W from 2026-05-05T10:00:00+00:00 on"),
        ("create", "Contract contract-1: settlement_completed_success"),
    ]
    await actions.end()


@pytest.mark.parametrize(
    ("hour", "price", "is_up", "expected"),
    [
        (22, 0.3, True, [("turn_on", "switch.washing_machine")]),
        (22, 0.4, True, []),
        (22, -1, True, []),
        (22, 0.3, False, []),
        (5, 0.3, True, []),
        (5, 0.3, False, [("turn_on", "switch.water_heater")]),
    ],
)
async def test_conditions(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    hour: int,
    price: float,
    is_up: bool,
    expected: list[tuple[str, object]],
) -> None:
    """Each example of a condition lets through what its name says."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    await hass.config.async_set_time_zone("UTC")
    clock.set(NOON.replace(hour=hour) - timedelta(seconds=2))
    await set_up(account_entry)
    hass.states.async_set("input_number.price_limit", "0.4")
    actions = Actions(hass)
    automations = documented_automations("docs/automations.md", device_id(hass))
    assert await async_setup_component(hass, "automation", {"automation": automations})
    await close_trade(hass, market, price)
    if not is_up:
        market.control.refuse(503, what="stream")
        await market.control.cut("ticker")
        await showing(hass, "sensor.glocalflex_last_price", "unavailable")
    await actions.taken()
    await clock.move(hass, NOON.replace(hour=hour) + timedelta(seconds=1))
    assert await actions.taken() == expected
    await actions.end()
