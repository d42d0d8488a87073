"""script/screenshot: a picture of the dashboard, taken by Chromium."""

from argparse import ArgumentParser
from pathlib import Path
import re
import shutil
import sys
from tempfile import TemporaryDirectory
from time import sleep

from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

from .state import STATES

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
WAIT_SECONDS = 60
SETTLE_SECONDS = (
    4  # Graphs are drawn after the text; a lively market's never come to rest
)

# Home Assistant's page is made of nested shadow roots: its text is gathered through all.
SHOWN_TEXT = """
const walk = node =>
  node.nodeType === Node.TEXT_NODE ? node.data
  : ["STYLE", "SCRIPT"].includes(node.nodeName) ? ""
  : [node.shadowRoot, ...node.childNodes].filter(Boolean).map(walk).join(" ");
return walk(document.body).replace(/\\s+/g, " ");
"""
PRICE = re.compile(r"-?\d+\.\d+ EUR/kWh")
PRICES_SHOWN = 3


def take(url: str, file: Path, *, width: int, height: int) -> None:
    """Open the address, wait until prices show, and save a PNG.

    Raises TimeoutException with the text found on the page where none show.
    """
    with TemporaryDirectory() as profile:
        options = ChromeOptions()
        for argument in (
            *ARGUMENTS,
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            "--lang=en",
        ):
            options.add_argument(argument)
        browser = Chrome(options, Service(shutil.which("chromedriver")))
        try:
            browser.get(url)
            wait = WebDriverWait(browser, WAIT_SECONDS)
            try:
                wait.until(lambda _: len(PRICE.findall(text(browser))) >= PRICES_SHOWN)
            except TimeoutException as error:
                raise TimeoutException(
                    f"no prices show: {text(browser)[:2000]}"
                ) from error
            sleep(SETTLE_SECONDS)
            browser.save_screenshot(str(file))
        finally:
            browser.quit()


def text(browser: Chrome) -> str:
    """Read all the text that the page shows."""
    return str(browser.execute_script(SHOWN_TEXT))


def main() -> int:
    """Read the command line and take the picture."""
    parser = ArgumentParser(
        prog="script/screenshot",
        description="Takes a picture of the dashboard that script/run, left running, shows.",
    )
    parser.add_argument("file", type=Path, help="the PNG to write")
    parser.add_argument(
        "--url", help="the dashboard's address (that of the running script/run)"
    )
    parser.add_argument("--width", type=int, default=1440, help="in pixels (1440)")
    parser.add_argument("--height", type=int, default=1000, help="in pixels (1000)")
    arguments = parser.parse_args()
    url = arguments.url or next(
        filter(None, (lock.read_text() for lock in STATES.glob("*.lock"))), None
    )
    if not url:
        parser.error("script/run is not running: start it first, or give --url")
    try:
        take(url, arguments.file, width=arguments.width, height=arguments.height)
    except TimeoutException as error:
        print(f"screenshot: {error.msg}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
