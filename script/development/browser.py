"""Home Assistant's pages as a user finds the way through them: by the words on the screen."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
import re
import shutil

from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
PATIENCE = 30.0
POLL = 0.1

# Home Assistant's page is made of nested shadow roots: its text is gathered through all.
SHOWN_TEXT = """
const walk = node =>
  node.nodeType === Node.TEXT_NODE ? node.data
  : ["STYLE", "SCRIPT"].includes(node.nodeName) ? ""
  : [node.shadowRoot, ...node.childNodes].filter(Boolean).map(walk).join(" ");
return walk(document.body).replace(/\\s+/g, " ");
"""

# What shows a text is looked for through all shadow roots; the last one lies on top.
SHOWING = """
const [wanted, selector, fromTheEnd] = arguments;
const found = [];
const walk = root => {
  for (const element of root.querySelectorAll("*")) {
    const own = [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE)
      .map(node => node.data).join("").trim();
    // A slot takes up no room of its own.
    const shown = element.localName === "slot" ? element.parentElement : element;
    if (element.matches(selector) && (wanted === null || own === wanted)
        && shown?.checkVisibility({visibilityProperty: true})
        && shown.getClientRects().length) found.push(shown);
    if (element.shadowRoot) walk(element.shadowRoot);
  }
};
walk(document);
return found.at(-fromTheEnd) ?? null;
"""

CONNECTED = 'return document.querySelector("home-assistant")?.hass?.connected'
COMMAND = """
return document.querySelector("home-assistant").hass.callWS(arguments[0])
  .catch(error => { throw new Error(error.message); });
"""


class Browser:
    """Chromium with one page of Home Assistant."""

    def __init__(self, chrome: Chrome) -> None:
        """Take over a browser."""
        self._chrome = chrome

    @property
    def text(self) -> str:
        """All that the page shows."""
        return str(self._chrome.execute_script(SHOWN_TEXT))

    @property
    def picture(self) -> bytes:
        """The page as a PNG."""
        return bytes(self._chrome.get_screenshot_as_png())

    def resize(self, width: int, height: int) -> None:
        """Set how much of the page shows."""
        size = {"width": width, "height": height}
        self._chrome.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {**size, "deviceScaleFactor": 1, "mobile": False},
        )

    def run(self, script: str, *arguments: object) -> object:
        """Run JavaScript."""
        return self._chrome.execute_script(script, *arguments)

    def open(self, url: str) -> None:
        """Open an address."""
        self._chrome.get(url)

    def command(self, **command: object) -> None:
        """Send one command of the websocket API, over the page's own connection."""
        self.wait_until(
            lambda: self._chrome.execute_script(CONNECTED), "see it connect"
        )
        self._chrome.execute_script(COMMAND, command)

    def click(self, label: str, selector: str = "*") -> None:
        """Click on what shows exactly this text, once it has come to rest."""
        self._click(label, selector, WebElement.click)

    def click_on_left(self, label: str) -> None:
        """Click on where a text begins: what shows it may hold buttons behind."""

        def point_and_click(element: WebElement) -> None:
            left = 5 - element.rect["width"] // 2
            ActionChains(self._chrome).move_to_element_with_offset(
                element, left, 0
            ).click().perform()

        self._click(label, "*", point_and_click)

    def scroll_to(self, label: str) -> None:
        """Have what shows exactly this text in view."""

        def scrolled() -> bool:
            if (element := self._showing(label, "*")) is None:
                return False
            self.run("arguments[0].scrollIntoView()", element)
            return True

        self.wait_until(scrolled, f"scroll to {label}")

    def press(self, name: str, from_the_end: int = 1) -> None:
        """Click on the last button, or on one before it, that shows an icon and has this name."""

        def point_and_click(button: WebElement) -> None:
            # The icon is no part of the button: a click meant for it would count as going astray.
            ActionChains(self._chrome).move_to_element(button).click().perform()

        self._click(
            None,
            f':is(button, ha-button, ha-svg-icon)[aria-label="{name}"]',
            point_and_click,
            from_the_end,
        )

    def write(self, selector: str, what: str) -> None:
        """Write into the topmost field of a kind."""

        def written() -> bool:
            if (element := self._showing(None, selector)) is None:
                return False
            element.click()
            element.send_keys(f"{Keys.CONTROL}a{Keys.NULL}{what}")
            return element.get_property("value") == what

        self.wait_until(written, f"write {what} into {selector}")

    def wait_for(self, *patterns: str) -> None:
        """Wait until the page's text matches each of these regular expressions."""
        for pattern in patterns:
            self.wait_until(partial(self._matches, pattern), f"see {pattern}")

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so; pages move while they are built."""
        wait = WebDriverWait(
            self._chrome, PATIENCE, POLL, ignored_exceptions=[WebDriverException]
        )
        try:
            wait.until(lambda _: condition())
        except TimeoutException as error:
            raise AssertionError(f"cannot {what}, but see: {self.text}") from error

    def _click(
        self,
        label: str | None,
        selector: str,
        how: Callable[[WebElement], None],
        from_the_end: int = 1,
    ) -> None:
        """Click on an element that has come to rest.

        A dialog that still moves would have another part of it under the pointer.
        """
        before: object = None

        def clicked() -> bool:
            nonlocal before
            if (element := self._showing(label, selector, from_the_end)) is None:
                return False
            if before != (before := element.rect):
                return False
            how(element)
            return True

        self.wait_until(clicked, f"click on {label or selector}")

    def _matches(self, pattern: str) -> bool:
        return re.search(pattern, self.text) is not None

    def _showing(
        self, label: str | None, selector: str, from_the_end: int = 1
    ) -> WebElement | None:
        found = self._chrome.execute_script(SHOWING, label, selector, from_the_end)
        return found if isinstance(found, WebElement) else None


@contextmanager
def chromium(profile: Path) -> Generator[Browser]:
    """Run a browser."""
    options = ChromeOptions()
    for argument in (
        *ARGUMENTS,
        f"--user-data-dir={profile}",
        "--window-size=1280,1600",
        "--lang=en",
    ):
        options.add_argument(argument)
    chrome = Chrome(options, Service(shutil.which("chromedriver")))
    try:
        yield Browser(chrome)
    finally:
        chrome.quit()
