"""The calendar page."""

import asyncio
from datetime import timedelta
from functools import partial

from custom_components.glocalflex.simulator import Simulator
from script.development.browser import Browser
from script.development.home_assistant import HomeAssistant

from .home import USERNAME, follow, newer_pages


def open_calendar(browser: Browser, home_assistant: str) -> None:
    """Open the page, on which there is nothing yet."""
    browser.open(home_assistant)
    browser.click("Calendar")
    browser.wait_for("GLocalFlex Deliveries", "Today")


def look(browser: Browser, title: str, window: str) -> None:
    """See the event come, and what it says of itself."""
    browser.click(title)
    browser.wait_for(rf"{title} \w+ \d+, \d+ {window}", "Status: filled")


@newer_pages
async def test_calendar(
    browser: Browser, home_assistant: str, hass_api: HomeAssistant, market: Simulator
) -> None:
    """A delivery comes up while the page is open, as soon as the order is filled."""
    await follow(hass_api, market)
    await asyncio.to_thread(open_calendar, browser, home_assistant)
    start = market.control.now.replace(hour=6, minute=0, second=0, microsecond=0)
    start += timedelta(days=1)
    end = start + timedelta(hours=2)
    place = partial(
        market.control.place_order, power=1500, delivery_start=start, delivery_end=end
    )
    await place(USERNAME, side="sell", price=0.3)
    await place(None, side="buy", price=0.4)
    # The browser's time is the machine's.
    window = f"{start.astimezone():%-I:%M %p} - {end.astimezone():%-I:%M %p}"
    title = "Sell 1.5 kW at 0.30 EUR/kWh"
    await asyncio.to_thread(look, browser, title, window)
