"""script/screenshot: a picture of the dashboard, taken by Chromium."""

from argparse import ArgumentParser
from pathlib import Path
import re
import sys
from tempfile import TemporaryDirectory
from time import sleep

from .browser import chromium
from .state import STATES

SETTLE_SECONDS = (
    4  # Graphs are drawn after the text; a lively market's never come to rest
)
PRICE = re.compile(r"-?\d+\.\d+ EUR/kWh")
PRICES_SHOWN = 3


def take(url: str, file: Path, *, width: int, height: int) -> None:
    """Open the address, wait until prices show, and save a PNG.

    Raises AssertionError with the text found on the page where none show.
    """
    with TemporaryDirectory() as profile, chromium(Path(profile)) as browser:
        browser.resize(width, height)
        browser.open(url)
        browser.wait_until(
            lambda: len(PRICE.findall(browser.text)) >= PRICES_SHOWN, "see prices"
        )
        sleep(SETTLE_SECONDS)
        file.write_bytes(browser.picture)


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
    except AssertionError as error:
        print(f"screenshot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
