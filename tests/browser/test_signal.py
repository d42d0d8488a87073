"""A price signal, from the form that adds it to its removal, with a mouse."""

import asyncio

from custom_components.glocalflex.simulator import Simulator
from script.development.browser import Browser
from script.development.home_assistant import HomeAssistant

from .home import follow, offer
from .test_practice_market import PAGE

# In the form, the other numbers are not below zero.
LIMIT = 'input[type="number"]:not([min="0"])'


def add(browser: Browser, home_assistant: str) -> None:
    """Add a signal that is on below half a euro, and open its device."""
    browser.open(home_assistant + PAGE)
    browser.click("Add price signal")
    browser.write('input[name="name"]', "Cheap power")
    browser.write(LIMIT, "0.5")
    browser.click("Submit")
    browser.click("Finish")
    browser.click("Cheap power")
    browser.wait_for("Price signal by GLocalFlex", "Cheap power Off")


def lower_limit(browser: Browser) -> None:
    """Set the limit on the device's page."""
    browser.write(LIMIT, "0.4")
    browser.click("Configuration")
    browser.wait_for("Cheap power Off")


def turn_round(browser: Browser, home_assistant: str) -> None:
    """Have the signal on above its limit, which the form knows."""
    browser.open(home_assistant + PAGE)
    browser.press("Change price signal")
    browser.click("Above the limit")
    browser.click("Submit")
    # In the words of Home Assistant, or in ours.
    browser.wait_for("Reconfiguration was successful|The price signal was changed")
    browser.click("Close")
    browser.click("Cheap power")
    browser.wait_for("Cheap power On")


def remove(browser: Browser, home_assistant: str) -> None:
    """Delete the signal."""
    browser.open(home_assistant + PAGE)
    browser.wait_for("Cheap power")
    # The last menu is that of the signal's device.
    browser.press("Menu", 2)
    browser.click("Delete")
    browser.click("Delete", "ha-button")
    browser.wait_until(lambda: "Cheap power" not in browser.text, "see the signal go")
    browser.wait_for("Flexibility market")


async def test_signal(
    browser: Browser, home_assistant: str, hass_api: HomeAssistant, market: Simulator
) -> None:
    """A signal is added, follows the price and its limit, is changed, and is removed."""
    await follow(hass_api, market)
    await offer(market, 0.6)
    await asyncio.to_thread(add, browser, home_assistant)
    await offer(market, 0.45)
    await asyncio.to_thread(browser.wait_for, "Cheap power On")
    await asyncio.to_thread(lower_limit, browser)
    await asyncio.to_thread(turn_round, browser, home_assistant)
    await asyncio.to_thread(remove, browser, home_assistant)
