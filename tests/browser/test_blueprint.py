"""A blueprint, filled in with a mouse."""

import asyncio
from pathlib import Path

from custom_components.glocalflex.simulator import Simulator
from homeassistant.util.yaml import load_yaml
from script.development.browser import Browser
from script.development.home_assistant import HomeAssistant

from .conftest import AUTOMATIONS
from .home import CHARGER, follow, newer_pages, offer, shows


def fill_in(browser: Browser, home_assistant: str) -> None:
    """Choose the blueprint, fill in what it asks for, from the last to the first, and save."""
    browser.open(home_assistant)
    browser.click("Settings")
    browser.click("Automations & scenes")
    browser.click("Blueprints")
    browser.click("GLocalFlex: run a load while power is cheap")
    browser.click("Select an entity *")
    browser.click("Create a new Text helper")
    browser.write("input", "Charger memory")
    browser.click("Create", "ha-button")
    browser.wait_for("Charger memory")
    browser.click("Select an entity *")
    browser.click("Car charger")
    browser.click("Entity")
    browser.click("Select an entity")
    browser.write('input[placeholder="Search"]', "Price limit")
    browser.click("Price limit")
    browser.click("Select an entity *")
    browser.wait_for("Best ask")
    assert "Ask orders" not in browser.text
    browser.click("Best ask")
    browser.click("Save")
    # It has no traces before it is saved.
    browser.wait_for("Traces")


@newer_pages
async def test_blueprint(
    browser: Browser,
    home_assistant: str,
    hass_api: HomeAssistant,
    market: Simulator,
    started: tuple[str, Path],
) -> None:
    """The load runs when the best ask falls below the limit of an entity, and not before."""
    await follow(hass_api, market)
    await offer(market, 0.6)
    await asyncio.to_thread(fill_in, browser, home_assistant)
    saved = load_yaml(started[1] / AUTOMATIONS)
    assert isinstance(saved, list)
    (automation,) = saved
    # The form that blueprints are tried with.
    assert automation["use_blueprint"]["input"]["limit"] == {
        "active_choice": "Entity",
        "Number": 0.2,
        "Entity": "input_number.price_limit",
    }
    await offer(market, 0.55)
    await shows(hass_api, "sensor.glocalflex_best_ask", "0.55")
    assert await hass_api.state(CHARGER) == "off"
    await offer(market, 0.45)
    await shows(hass_api, CHARGER, "on")
