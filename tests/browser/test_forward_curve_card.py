"""The card of the forward curve, on a dashboard."""

import re

from script.development.browser import Browser
from script.development.home_assistant import HomeAssistant

DASHBOARD = "hours-ahead"
CARD = {
    "type": "custom:glocalflex-forward-curve-card",
    "entity": "sensor.glocalflex_practice_best_ask",
}
TIME = r"\d+:\d\d"
# The readout: the quarter of an hour that it tells of, and what it tells.
# Up to midnight, the days of both ends are told.
DAY = r"(\d+ )?\w+, "
WINDOW = re.compile(rf"{DAY}{TIME}( [AP]M)? – ({DAY})?{TIME} [AP]M(?= Best ask)")
PRICES = (
    r"Best ask -?\d+\.\d\d+ EUR/kWh Offered [\d.]+ \w?W",
    r"Best bid -?\d+\.\d\d+ EUR/kWh Wanted [\d.]+ \w?W",
)
# The axes: prices, times with the date at midnight, and the power that the bars stand for.
AXES = rf"EUR/kWh( -?\d+\.\d+)+( {TIME} [AP]M| \w+, \w+ \d+)+( [\d.]+ \w?W){{2}}"


async def test_forward_curve_card(
    browser: Browser, home_assistant: str, hass_api: HomeAssistant
) -> None:
    """The card draws the practice market's prices, and tells those that are pointed at."""
    await hass_api.set_up("practice", {})
    browser.open(home_assistant)
    browser.command(
        type="lovelace/dashboards/create",
        url_path=DASHBOARD,
        title="Hours ahead",
        mode="storage",
    )
    view = {"title": "Market", "path": "market", "cards": [CARD]}
    browser.command(
        type="lovelace/config/save", url_path=DASHBOARD, config={"views": [view]}
    )

    browser.open(f"{home_assistant}/{DASHBOARD}/market")
    browser.wait_for("GLocalFlex Practice", *PRICES, AXES)
    before = WINDOW.search(browser.text)
    assert before

    # In the middle of the drawing; what is told by itself is near its beginning.
    browser.click("", "svg[role=img]")
    browser.wait_until(
        lambda: (now := WINDOW.search(browser.text)) and now[0] != before[0],
        f"see another quarter of an hour than {before[0]}",
    )
