"""script/pictures: what the docs show of pages that are filled in, taken by Chromium."""

from argparse import ArgumentParser
import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from io import BytesIO
import json
import os
from pathlib import Path
import re
import sys
from tempfile import TemporaryDirectory

import aiohttp
from PIL import Image

from custom_components.glocalflex.simulator import Settings, Simulator
from homeassistant.util.yaml import parse_yaml

from .browser import Browser, chromium
from .home_assistant import HomeAssistant
from .run import (
    DEMO_PASSWORD,
    DEMO_USER,
    LOOPBACK,
    Connection,
    free_port,
    home_assistant,
    prepare,
)
from .state import ROOT, State

DOCS = ROOT / "docs"
TEXTS = ROOT / "custom_components/glocalflex/translations/en.json"
PAGE = "/config/integrations/integration/glocalflex"
TIME_ZONE = "Europe/Zurich"  # As in config/configuration.yaml
WIDTH = 900
COLOURS = 128

# In place of a device in the docs.
PLACEHOLDER = "0123456789abcdef0123456789abcdef"
# What an example switches, sets and looks at.
ENTITY = re.compile(
    r"(?<!action: )\b((?:binary_sensor|climate|counter|input_\w+|notify|number|switch)"
    r"\.((?!glocalflex)\w+))"
)
OURS = re.compile(r"(trigger|condition): glocalflex\.(\w+)")

# By how much the page is too long to show without scrolling. What has no image without a
# network shows none.
HIDDEN = """
let most = 0;
const walk = root => {
  for (const element of root.querySelectorAll("*")) {
    if (/auto|scroll/.test(getComputedStyle(element).overflowY) && element.getClientRects().length)
      most = Math.max(most, element.scrollHeight - element.clientHeight);
    if (element.matches("img") && !element.naturalWidth) element.style.visibility = "hidden";
    if (element.shadowRoot) walk(element.shadowRoot);
  }
};
walk(document);
return most;
"""

type Take = Callable[[Browser, str], None]


def save(
    browser: Browser, name: str, width: int = WIDTH, height: int | None = None
) -> None:
    """Take a picture of the page, as high as it must be, once it has come to rest."""
    tall = height or 300
    browser.resize(width, tall)
    before = b""
    while before != (picture := browser.picture):
        before = picture
        hidden = browser.run(HIDDEN)
        if height is None and hidden:
            tall += int(str(hidden))
            browser.resize(width, tall)
    with Image.open(BytesIO(picture)) as image:
        file = DOCS / "images" / f"{name}.png"
        image.convert("RGB").quantize(COLOURS).save(file, optimize=True)
    print(f"pictures: {file.relative_to(ROOT)}", flush=True)


def examples(document: Path) -> Iterator[str]:
    """Iterate over the automations that a document shows."""
    for block in document.read_text(encoding="utf-8").split("```yaml\n")[1:]:
        if block.startswith(("alias:", "use_blueprint:")):
            yield block.split("```")[0]


async def add_automation(hass: HomeAssistant, name: str, text: str) -> None:
    """Give Home Assistant an automation, and what it names of a house."""
    for entity_id, entity in ENTITY.findall(text):
        title = entity.replace("_", " ").capitalize()
        await hass.post(
            f"/api/states/{entity_id}", state="off", attributes={"friendly_name": title}
        )
    template = "{{ device_id('sensor.glocalflex_last_price') }}"
    device = (await hass.post("/api/template", template=template)).decode()
    config = parse_yaml(text.replace(PLACEHOLDER, device))
    assert isinstance(config, dict)
    await hass.post(f"/api/config/automation/config/{name}", **config)


def of_automation(name: str, ours: str | None, browser: Browser, url: str) -> None:
    """Show an automation in the editor, with the fields of what is ours in it."""
    browser.open(f"{url}/config/automation/edit/{name}")
    browser.wait_for("Traces")
    if ours:
        browser.click_on_left(ours)
    save(browser, name)


async def documented(hass: HomeAssistant) -> dict[str, Take]:
    """Add the automations that the docs show; return how their pictures are taken."""
    texts = json.loads(TEXTS.read_text(encoding="utf-8"))
    takes: dict[str, Take] = {}
    for text in examples(DOCS / "automations.md"):
        found = OURS.search(text)
        assert found, text
        kind, key = found.groups()
        name = f"{kind}-{key}"
        await add_automation(hass, name, text)
        takes[name] = partial(of_automation, name, texts[f"{kind}s"][key]["name"])
    for document in sorted((DOCS / "blueprints").glob("*.md")):
        title = document.read_text(encoding="utf-8").partition("\n")[0]
        for text in examples(document):
            name = f"blueprint-{document.stem}"
            await add_automation(hass, name, f"alias: {title[2:]}\n{text}")
            takes[name] = partial(of_automation, name, None)
    return takes


AUTOMATION = f"""
alias: Charge when cheap
triggers:
  - trigger: glocalflex.best_price_crossed
    target:
      device_id: {PLACEHOLDER}
    options:
      price_type: best_ask
      threshold:
        type: below
        value:
          number: 0.5
actions:
  - action: switch.turn_on
    target:
      entity_id: switch.car_charger
"""


def of_list(browser: Browser, url: str) -> None:
    """Show what the editor offers for the market."""
    browser.resize(WIDTH, 900)
    browser.open(f"{url}/config/automation/edit/new")
    browser.click("Add trigger")
    browser.click("Services")
    browser.click("GLocalFlex")
    browser.scroll_to("Trade closed")
    save(browser, "automation-triggers", height=900)


def of_signal_form(browser: Browser, url: str) -> None:
    """Show the form of a price signal."""
    browser.resize(WIDTH, 1400)
    browser.open(url + PAGE)
    browser.click("Add price signal")
    browser.write('input[name="name"]', "Cheap power")
    browser.write('input[type="number"]:not([min="0"])', "0.2")
    save(browser, "signal-form", 640, 1480)


def of_signal(browser: Browser, url: str) -> None:
    """Show the device of a price signal."""
    browser.resize(WIDTH, 900)
    browser.open(url + PAGE)
    browser.click("Cheap power")
    browser.wait_for("Price signal by GLocalFlex", "Cheap power On")
    save(browser, "signal", 500, 750)


def of_calendar(browser: Browser, url: str) -> None:
    """Show the deliveries of a week."""
    browser.resize(WIDTH, 600)
    browser.open(url + "/calendar")
    browser.press("List (7 days)")
    browser.wait_for("Sell 2 kW")
    save(browser, "calendar", height=500)


def of_action(browser: Browser, url: str) -> None:
    """Show an action and its answer."""
    browser.resize(WIDTH, 1600)
    browser.open(url + "/developer-tools/action")
    browser.click("Action")
    browser.write("input", "Get order book")
    browser.click("Get order book")
    browser.click("Select a device")
    browser.click("GLocalFlex")
    browser.click("Side")
    browser.click("Asks")
    browser.click("Perform action")
    browser.wait_for("created_at")
    save(browser, "action")


async def trade(market: Simulator) -> None:
    """Have deliveries in the days to come, and offers."""
    midnight = market.control.now.replace(hour=0, minute=0, second=0, microsecond=0)
    for day, hour, hours, power, price in (
        (1, 6, 1, 2000, 0.3),
        (1, 17, 2, 1500, 0.42),
        (3, 11, 3, 3000, 0.28),
    ):
        start = midnight + timedelta(days=day, hours=hour)
        place = partial(
            market.control.place_order,
            power=power,
            price=price,
            delivery_start=start,
            delivery_end=start + timedelta(hours=hours),
        )
        await place(DEMO_USER, side="sell")
        await place(None, side="buy")
    for power, price in ((1000, 0.18), (4000, 0.24)):
        await market.control.place_order(None, side="sell", power=power, price=price)


async def run(wanted: list[str]) -> None:
    """Start a market in which nothing happens by itself and a Home Assistant, and take the pictures."""
    state = State("pictures")
    async with AsyncExitStack() as stack:
        stack.enter_context(state.held())
        state.forget()
        port = free_port(0)
        state.prepare(LOOPBACK, port)
        users = {DEMO_USER: DEMO_PASSWORD}
        market = await stack.enter_async_context(
            Simulator(Settings(speed=0, orders_per_minute=0, users=users))
        )
        await stack.enter_async_context(home_assistant(state))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        url = f"http://{LOOPBACK}:{port}"
        hass = HomeAssistant(session, url)
        connection = Connection(market.host, DEMO_USER, DEMO_PASSWORD, plain=True)
        await prepare(hass, connection, state)
        await trade(market)
        await add_automation(hass, "automation", AUTOMATION)
        takes: dict[str, Take] = {
            "action": of_action,
            "automation": partial(of_automation, "automation", None),
            "automation-triggers": of_list,
            "calendar": of_calendar,
            "signal": of_signal,
            "signal-form": of_signal_form,
            **await documented(hass),
        }
        profile = stack.enter_context(TemporaryDirectory())
        browser = stack.enter_context(chromium(Path(profile)))

        def take() -> None:
            browser.open(url)
            browser.wait_for("GLocalFlex")
            browser.run("localStorage.dockedSidebar = '\"always_hidden\"'")
            browser.command(
                type="frontend/set_user_data",
                key="language",
                value={
                    "language": "en",
                    "number_format": "language",
                    "time_format": "24",
                },
            )
            for name in wanted or takes:
                takes[name](browser, url)

        await asyncio.to_thread(take)


def main() -> int:
    """Read the command line and take the pictures."""
    parser = ArgumentParser(
        prog="script/pictures",
        description="Takes the docs' pictures of pages that are filled in anew,"
        " with the automations that the docs show.",
    )
    parser.add_argument("names", nargs="*", help="only these, such as signal-form")
    wanted = parser.parse_args().names
    # The browser shows the machine's time, unless it is told another.
    os.environ["TZ"] = TIME_ZONE
    asyncio.run(run(wanted))
    return 0


if __name__ == "__main__":
    sys.exit(main())
