"""From nothing to a live market, with a mouse."""

import re

from script.development.browser import Browser

PAGE = "/config/integrations/integration/glocalflex"
LIVE = (
    r"Last price -?[\d.]+ EUR/kWh",
    r"Best bid -?[\d.]+ EUR/kWh",
    r"Best ask -?[\d.]+ EUR/kWh",
    r"Market data stream Connected",
    r"Order book stream Connected",
    r"Trade stream Connected",
)
DEPTH = re.compile(r"Ask power [\d,]+ W .*Bid power [\d,]+ W")


def choose_practice_market(browser: Browser, home_assistant: str) -> None:
    """Click through to the practice market's form."""
    browser.open(home_assistant)
    browser.click("Settings")
    browser.click("Devices & services")
    browser.click("Add integration")
    # What is written before the list is there goes into the page's own search.
    browser.wait_for("AccuWeather")
    browser.write("input", "GLocalFlex")
    browser.click("GLocalFlex")
    browser.click("Practice market")


def test_practice_market(browser: Browser, home_assistant: str) -> None:
    """A newcomer adds the practice market by clicking, and sees it live."""
    choose_practice_market(browser, home_assistant)
    browser.click("Submit")
    browser.click("Skip and finish")

    # Home Assistant goes on to one of several pages, by how many devices it knows by then.
    browser.wait_until(lambda: "Skip and finish" not in browser.text, "see it finish")
    browser.open(home_assistant + PAGE)
    browser.wait_for("Finland Area", "Germany, next hour Area")
    browser.click("GLocalFlex Practice")
    browser.wait_for("Practice market by GLocalFlex", *LIVE)
    before = DEPTH.search(browser.text)
    assert before
    browser.wait_until(
        lambda: (now := DEPTH.search(browser.text)) and now[0] != before[0],
        f"see more than {before[0]}",
    )
