"""Actions, performed in the developer tools with a mouse."""

import asyncio

from custom_components.glocalflex.simulator import Simulator
from script.development.browser import Browser
from script.development.home_assistant import HomeAssistant

from .home import CHARGER, follow, newer_pages, offer, shows
from .test_automation import add_trigger, switch_charger

pytestmark = newer_pages


def choose(browser: Browser, home_assistant: str, action: str, market: str) -> None:
    """Choose an action and its market."""
    browser.open(home_assistant + "/developer-tools/action")
    browser.click("Action")
    browser.write("input", action)
    browser.click(action)
    browser.click("Select a device")
    browser.click(market)


def ask_for_book(browser: Browser, home_assistant: str) -> None:
    """Ask for the orders of one side."""
    choose(browser, home_assistant, "Get order book", "GLocalFlex")
    browser.click("Side")
    browser.click("Asks")
    browser.click("Perform action")


async def test_get_order_book(
    browser: Browser, home_assistant: str, hass_api: HomeAssistant, market: Simulator
) -> None:
    """The answer shows what was asked for."""
    await follow(hass_api, market)
    await offer(market, 0.55)
    await market.control.place_order(None, side="buy", price=0.12, power=1000)
    await shows(hass_api, "sensor.glocalflex_bid_orders", "1")
    await asyncio.to_thread(ask_for_book, browser, home_assistant)
    await asyncio.to_thread(browser.wait_for, r"asks : orders : - price : 0\.55 ")
    assert "bids :" not in browser.text


def make_automation(browser: Browser, home_assistant: str) -> None:
    """When a trade closes at more than fifty euros, switch the charger off."""
    add_trigger(browser, home_assistant, "GLocalFlex Practice", "Trade closed")
    browser.click("Above")
    browser.write('input[type="number"]:enabled', "50")
    switch_charger(browser, "Turn off switch", "Pause when dear")


def rehearse(browser: Browser, home_assistant: str) -> None:
    """Have a trade happen at a price that no other trade has."""
    choose(browser, home_assistant, "Rehearse", "GLocalFlex Practice")
    browser.write('input[type="number"][min="-1000000"]', "60")
    browser.click("Perform action")


async def test_rehearse(
    browser: Browser, home_assistant: str, hass_api: HomeAssistant
) -> None:
    """The charger pauses for a trade that was only rehearsed."""
    await hass_api.set_up("practice", {})
    await hass_api.perform("switch", "turn_on", entity_id=CHARGER)
    await asyncio.to_thread(make_automation, browser, home_assistant)
    assert await hass_api.state(CHARGER) == "on"
    await asyncio.to_thread(rehearse, browser, home_assistant)
    await shows(hass_api, CHARGER, "off")
