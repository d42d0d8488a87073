"""Tests of rehearsals on the practice market: through its socket, and marked as practice."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .automations import device_id
from .conftest import SetUp, eventually
from .test_area import stored, with_areas

# Traders pay less, so that it is told apart.
PRICE = 99.0


@pytest.fixture
async def practice(hass: HomeAssistant, set_up: SetUp) -> None:
    """Run a practice market with an area."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Practice",
        unique_id="practice",
        data={"kind": "practice", "seed": 1, "pace": "calm"},
    )
    await set_up(with_areas(entry, stored(location_ids=["FI-7"])))


async def rehearse(hass: HomeAssistant, event: str, name: str) -> None:
    """Ask for something to happen."""
    await hass.services.async_call(
        DOMAIN,
        "rehearse",
        {
            "device_id": device_id(hass, name),
            "event": event,
            "price": PRICE,
            "power": 1234,
        },
        blocking=True,
    )


def ours(events: list[Event[Any]]) -> list[dict[str, Any]]:
    """Pick the events that were asked for."""
    return [dict(event.data) for event in events if event.data["price"] == PRICE]


@pytest.mark.usefixtures("practice")
async def test_trade(hass: HomeAssistant) -> None:
    """A trade comes once, in the area that it was asked for."""
    heard = async_capture_events(hass, "glocalflex_trade")
    await rehearse(hass, "trade", "finland")
    await eventually(lambda: bool(ours(heard)))
    (trade,) = ours(heard)
    assert trade["power"] == 1234
    assert trade["country_code"] == "FI"
    assert trade["location_ids"] == ["FI-7"]
    assert trade["practice"] is True
    state = hass.states.get("event.finland_trade")
    assert state is not None
    assert state.attributes["price"] == PRICE
    assert state.attributes["practice"] is True


@pytest.mark.usefixtures("practice")
async def test_order(hass: HomeAssistant) -> None:
    """An order of mine goes through all documented statuses, in their order."""
    heard = async_capture_events(hass, "glocalflex_order_status")
    await rehearse(hass, "order", "glocalflex_practice")
    await eventually(lambda: len(ours(heard)) == 4)
    assert [event["status"] for event in ours(heard)] == [
        "awaiting_baseline_data",
        "accepted",
        "matching_active",
        "filled",
    ]
    assert len({event["order_id"] for event in ours(heard)}) == 1
    assert all(event["practice"] for event in ours(heard))


@pytest.mark.usefixtures("practice")
async def test_delivery(hass: HomeAssistant) -> None:
    """A delivery of mine begins in a minute."""
    heard = async_capture_events(hass, "glocalflex_order_status")
    await rehearse(hass, "delivery", "glocalflex_practice")
    await eventually(
        lambda: bool(ours(heard)) and ours(heard)[-1]["status"] == "filled"
    )
    filled = ours(heard)[-1]
    start = datetime.fromisoformat(filled["delivery_start"])
    assert timedelta() < start - dt_util.utcnow() <= timedelta(minutes=1)
    assert datetime.fromisoformat(filled["delivery_end"]) - start == timedelta(
        minutes=15
    )


async def test_not_on_a_real_market(
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Nothing is made to happen on a real market, and its events carry no mark."""
    await set_up(account_entry)
    with pytest.raises(ServiceValidationError, match="Only on a practice market"):
        await rehearse(hass, "trade", "glocalflex")
    heard = async_capture_events(hass, "glocalflex_trade")
    await market.control.trade(0.5)
    await eventually(lambda: bool(heard))
    assert "practice" not in heard[0].data
