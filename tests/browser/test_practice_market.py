"""From nothing to a live market, with a mouse."""

import re

from .browser import Browser

LIVE = (
    r"Last price -?[\d.]+ EUR/kWh",
    r"Best bid -?[\d.]+ EUR/kWh",
    r"Best ask -?[\d.]+ EUR/kWh",
    r"Market data stream Connected",
    r"Order book stream Connected",
    r"Trade stream Connected",
)
DEPTH = re.compile(r"Ask power [\d,]+ W .*Bid power [\d,]+ W")


def test_practice_market(browser: Browser, home_assistant: str) -> None:
    """A newcomer adds the practice market by clicking, and sees it live."""
    browser.open(home_assistant)
    browser.click("Settings")
    browser.click("Devices & services")
    browser.click("Add integration")
    browser.write("input", "GLocalFlex")
    browser.click("GLocalFlex")
    browser.click("Practice market")
    browser.click("Submit")
    browser.click("Skip and finish")

    # Home Assistant goes on to the new device's page.
    browser.wait_for("GLocalFlex Practice", "Practice market by GLocalFlex", *LIVE)
    before = DEPTH.search(browser.text)
    assert before
    browser.wait_until(
        lambda: (now := DEPTH.search(browser.text)) and now[0] != before[0],
        f"see more than {before[0]}",
    )
