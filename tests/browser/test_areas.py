"""A part of the market, from its offer after the set-up to its removal, with a mouse."""

from script.development.browser import Browser

from .home import newer_pages
from .test_practice_market import PAGE, choose_practice_market

LIVE = (
    r"Ask orders [1-9]\d* orders",
    r"Best ask -?[\d.]+ EUR/kWh",
    r"Cheapest ask ahead -?[\d.]+ EUR/kWh",
    r"Dearest bid ahead start In ",
)


@newer_pages
def test_area(browser: Browser, home_assistant: str) -> None:
    """An area is offered, made, changed and removed by clicking, and is live meanwhile."""
    choose_practice_market(browser, home_assistant)
    browser.click("Two areas as examples")
    browser.click("Submit")

    # Home Assistant goes on with the area's form.
    browser.wait_for("Add an area")
    browser.write('input[name="name"]', "North")
    browser.click("Countries")
    browser.click("FI")
    browser.click("Submit")
    browser.click("Finish")
    browser.open(home_assistant + PAGE)
    browser.click("North")
    browser.wait_for("Area by GLocalFlex", *LIVE)

    browser.open(home_assistant + PAGE)
    browser.press("Change area")
    browser.write('input[name="name"]', "Nowhere")
    browser.write('input[type="number"][min="0"]', "900000000")
    browser.click("Submit")
    browser.wait_for("has not been seen on the market so far: 900000000 W")
    browser.click("Submit")
    browser.wait_for("Reconfiguration was successful")
    browser.click("Close")
    browser.click("Nowhere")
    browser.wait_for("Ask orders 0 orders", "Best ask Unknown")

    browser.open(home_assistant + PAGE)
    browser.wait_for("Nowhere")
    # The last menu is that of the area's device.
    browser.press("Menu", 2)
    browser.click("Delete")
    browser.click("Delete", "ha-button")
    browser.wait_until(lambda: "Nowhere" not in browser.text, "see the area go")
    browser.wait_for("GLocalFlex Practice")
