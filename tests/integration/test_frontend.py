"""Tests of what the integration gives to dashboards."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.glocalflex.simulator import Simulator
from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .conftest import SetUp


@pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")
async def test_cards(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Every dashboard loads the card, at an address that a new version changes."""
    assert await async_setup_component(hass, "frontend", {})
    await set_up(account_entry)
    (url,) = hass.data[DATA_EXTRA_MODULE_URL].urls
    assert url == "/glocalflex/forward-curve-card.js?v=0.1.0"
    client = await hass_client()
    answer = await client.get(url)
    assert answer.status == 200
    assert answer.content_type in ("text/javascript", "application/javascript")
