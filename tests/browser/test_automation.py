"""An automation that follows the market, made with a mouse."""

import asyncio
from collections.abc import AsyncGenerator

import aiohttp
import pytest

from custom_components.glocalflex.simulator import Settings, Simulator
from homeassistant.config_entries import ConfigFlow
from script.development.home_assistant import HomeAssistant

from .browser import Browser

CHARGER = "input_boolean.charger"


@pytest.fixture
async def market() -> AsyncGenerator[Simulator]:
    """Run a market in which nothing happens that the test does not ask for."""
    settings = Settings(speed=0, orders_per_minute=0, book_interval=0.02)
    async with Simulator(settings) as simulator:
        yield simulator


def make_automation(browser: Browser, home_assistant: str) -> None:
    """When the best ask falls below half a euro, switch the charger on."""
    browser.open(home_assistant + "/config/automation/edit/new")
    browser.click("Add trigger")
    browser.click("Services")
    browser.click("GLocalFlex")
    browser.click("Price crossed a limit")
    browser.click("Above")
    browser.click("Below")
    # The other number, the hysteresis, is not below zero.
    browser.write('input[type="number"]:not([min="0"])', "0.5")
    browser.wait_for(r"Price crossed a limit below 0\.5 EUR/kWh")

    browser.click("Add action")
    browser.click("Helpers")
    browser.click("Input boolean")
    browser.click("Car charger")
    browser.click("Turn on input boolean")

    browser.click("Save")
    browser.write("input", "Charge when cheap")
    browser.click("Save", "ha-button")
    browser.wait_for("Charge when cheap")


@pytest.mark.skipif(
    not hasattr(ConfigFlow, "async_on_create_entry"),
    reason="The editor of older releases leads another way",
)
async def test_automation(
    browser: Browser, home_assistant: str, market: Simulator
) -> None:
    """It runs when the best ask falls below the limit, and not before."""

    async def offer(price: float) -> None:
        await market.control.place_order(None, side="sell", price=price, power=1000)

    await offer(0.6)
    async with aiohttp.ClientSession() as session:
        hass = HomeAssistant(session, home_assistant)
        await hass.sign_in()
        await hass.set_up(
            "public", {"host": market.host, "connection": {"plain": True}}
        )
        await asyncio.to_thread(make_automation, browser, home_assistant)

        async def shows(entity_id: str, value: str) -> None:
            async with asyncio.timeout(10):
                while await hass.state(entity_id) != value:
                    await asyncio.sleep(0.05)

        await offer(0.55)
        await shows("sensor.glocalflex_best_ask", "0.55")
        assert await hass.state(CHARGER) == "off"
        await offer(0.45)
        await shows(CHARGER, "on")
