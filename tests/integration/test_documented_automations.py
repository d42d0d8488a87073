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
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from .conftest import NOON, USERNAME, Clock, SetUp, eventually
from .signals import is_shown, offer, stored_signal
from .test_area import with_areas

ROOT = Path(__file__).parents[2]


def documented_automation(document: str) -> dict[str, Any]:
    """Return the automation that a document shows."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    (automation,) = (block for block in blocks if block.startswith("alias:"))
    parsed = parse_yaml(automation)
    assert isinstance(parsed, dict)
    return parsed


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


async def test_price_signal(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The charger follows the signal; a short outage leaves it as it is, a long one ends it."""
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.01)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)
    on = async_mock_service(hass, "switch", "turn_on")
    off = async_mock_service(hass, "switch", "turn_off")
    assert await async_setup_component(
        hass, "automation", {"automation": documented_automation("docs/signals.md")}
    )
    await set_up(with_areas(account_entry, stored_signal(limit=0.2, hysteresis=0.02)))

    async def offered(price: float) -> tuple[int, int]:
        await offer(hass, market, price)
        await hass.async_block_till_done()
        return len(on), len(off)

    # Known for the first time, and off.
    assert await offered(0.21) == (0, 1)
    assert await offered(0.19) == (1, 1)
    assert await offered(0.21) == (1, 1)
    assert await offered(0.22) == (1, 2)
    assert await offered(0.19) == (2, 2)
    assert on[0].data == {"entity_id": ["switch.car_charger"]}
    market.control.refuse(503, what="stream")
    await market.control.cut("orderbook")
    await eventually(is_shown(hass, "unavailable"))
    await clock.move(hass, NOON + timedelta(minutes=4, seconds=59))
    assert (len(on), len(off)) == (2, 2)
    await clock.move(hass, NOON + timedelta(minutes=5))
    assert (len(on), len(off)) == (2, 3)
