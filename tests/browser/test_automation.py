"""An automation that follows the market, made with a mouse."""

import asyncio

from custom_components.glocalflex.simulator import Simulator
from script.development.browser import Browser
from script.development.home_assistant import HomeAssistant

from .home import CHARGER, follow, newer_pages, offer, shows


def add_trigger(browser: Browser, home_assistant: str, market: str, name: str) -> None:
    """Begin an automation with a trigger of a market."""
    browser.open(home_assistant + "/config/automation/edit/new")
    browser.click("Add trigger")
    browser.click("Services")
    browser.click(market)
    browser.click(name)


def switch_charger(browser: Browser, action: str, name: str) -> None:
    """Have the automation switch the charger, and save it."""
    browser.click("Add action")
    browser.click("Entities")
    browser.click("Switch")
    browser.click("Car charger")
    browser.click(action)
    browser.click("Save")
    browser.write("input", name)
    browser.click("Save", "ha-button")
    # It has no traces before it is saved.
    browser.wait_for(name, "Traces")


def make_automation(browser: Browser, home_assistant: str) -> None:
    """When the best ask falls below half a euro, switch the charger on."""
    add_trigger(browser, home_assistant, "GLocalFlex", "Price crossed a limit")
    browser.click("Above")
    browser.click("Below")
    # The other number, the hysteresis, is not below zero.
    browser.write('input[type="number"]:not([min="0"])', "0.5")
    browser.wait_for(r"Price crossed a limit below 0\.5 EUR/kWh")
    switch_charger(browser, "Turn on switch", "Charge when cheap")


@newer_pages
async def test_automation(
    browser: Browser, home_assistant: str, hass_api: HomeAssistant, market: Simulator
) -> None:
    """It runs when the best ask falls below the limit, and not before."""
    await follow(hass_api, market)
    await offer(market, 0.6)
    await asyncio.to_thread(make_automation, browser, home_assistant)
    await offer(market, 0.55)
    await shows(hass_api, "sensor.glocalflex_best_ask", "0.55")
    assert await hass_api.state(CHARGER) == "off"
    await offer(market, 0.45)
    await shows(hass_api, CHARGER, "on")
