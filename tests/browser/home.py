"""A home that follows a market in which nothing happens that a test does not ask for."""

import asyncio

import pytest

from custom_components.glocalflex.simulator import Simulator
from homeassistant.config_entries import ConfigFlow
from script.development.home_assistant import HomeAssistant

USERNAME = "Alice"
PASSWORD = "open sesame"
CHARGER = "switch.car_charger"

newer_pages = pytest.mark.skipif(
    not hasattr(ConfigFlow, "async_on_create_entry"),
    reason="The pages of older releases lead another way",
)

PATIENCE = 70.0  # An automation of a blueprint may wait for the next minute
POLL = 0.05


async def follow(hass: HomeAssistant, market: Simulator) -> None:
    """Set the integration up with an account."""
    answers = {"username": USERNAME, "password": PASSWORD}
    await hass.set_up(
        "account", {"host": market.host, "connection": {"plain": True}, **answers}
    )


async def offer(market: Simulator, price: float) -> None:
    """Let somebody offer a kilowatt."""
    await market.control.place_order(None, side="sell", price=price, power=1000)


async def shows(hass: HomeAssistant, entity_id: str, value: str) -> None:
    """Wait until an entity shows a value."""
    async with asyncio.timeout(PATIENCE):
        while await hass.state(entity_id) != value:
            await asyncio.sleep(POLL)
