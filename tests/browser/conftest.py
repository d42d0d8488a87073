"""A plain Home Assistant with the integration copied into it, and a browser."""

from collections.abc import AsyncGenerator, Generator, Mapping
import json
from pathlib import Path
import shutil
import sys

import aiohttp
import pytest
import pytest_asyncio
from pytest_socket import enable_socket

import custom_components.glocalflex
from custom_components.glocalflex.simulator import Settings, Simulator
from script.development.browser import Browser, chromium
from script.development.child import child
from script.development.home_assistant import HomeAssistant
from script.development.run import LOOPBACK, free_port
from script.development.state import ONBOARDING, ROOT

from .home import CHARGER, PASSWORD, USERNAME

AUTOMATIONS = "automations.yaml"
CONFIGURATION = """\
homeassistant:
  name: Home
  time_zone: UTC
  auth_providers:
    # The browser is signed in without a password.
    - type: trusted_networks
      trusted_networks: 127.0.0.1
      allow_bypass_login: true
    - type: homeassistant
http:
  server_host: 127.0.0.1
  server_port: {port}
frontend:
config:
automation: !include automations.yaml
template:
  switch:
    # Is what it was told to be.
    unique_id: car_charger
    name: Car charger
    turn_on: []
    turn_off: []
input_number:
  price_limit:
    name: Price limit
    min: -1
    max: 1
    initial: 0.5
logger:
  default: warning
"""


def store(
    folder: Path, key: str, version: tuple[int, int], data: Mapping[str, object]
) -> None:
    """Leave a file in Home Assistant's storage: here, what spares its user a question."""
    major, minor = version
    content = {"version": major, "minor_version": minor, "key": key, "data": data}
    storage = folder / ".storage"
    storage.mkdir(exist_ok=True)
    (storage / key).write_text(json.dumps(content))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def started(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[tuple[str, Path]]:
    """Run a Home Assistant that somebody has signed in to before; returns its address and folder."""
    enable_socket()  # Comes before what allows them for each test
    port = free_port(0)
    folder = tmp_path_factory.mktemp("home-assistant") / "config"
    shutil.copytree(
        custom_components.glocalflex.__path__[0],
        folder / "custom_components" / "glocalflex",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copytree(ROOT / "blueprints", folder / "blueprints")
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    (folder / AUTOMATIONS).write_text("[]")
    server = {"server_host": [LOOPBACK], "server_port": port}
    store(folder, "http", (1, 1), server)
    store(folder, "onboarding", (4, 1), ONBOARDING)
    url = f"http://{LOOPBACK}:{port}"
    async with child(
        "Home Assistant",
        [
            sys.executable,
            *("-m", "script.development.hass"),
            *("--config", folder),
            "--skip-pip",
            "--log-no-color",
        ],
        folder.with_name("home-assistant.log"),
    ):
        async with aiohttp.ClientSession() as session:
            hass = HomeAssistant(session, url)
            await hass.sign_in()
            await hass.finish_onboarding()
            await hass.wait_until_started()
        yield url, folder


@pytest.fixture
async def hass_api(started: tuple[str, Path]) -> AsyncGenerator[HomeAssistant]:
    """Sign in to a Home Assistant without entries and automations, the charger off."""
    url, folder = started
    async with aiohttp.ClientSession() as session:
        hass = HomeAssistant(session, url)
        await hass.sign_in()
        await hass.perform("switch", "turn_off", entity_id=CHARGER)
        yield hass
        for entry in await hass.entries():
            await hass.remove(entry)
        (folder / AUTOMATIONS).write_text("[]")
        await hass.perform("automation", "reload")


@pytest.fixture
def home_assistant(started: tuple[str, Path], hass_api: HomeAssistant) -> str:
    """Return that Home Assistant's address."""
    return started[0]


@pytest.fixture
async def market() -> AsyncGenerator[Simulator]:
    """Run a market in which nothing happens that the test does not ask for."""
    settings = Settings(
        speed=0, orders_per_minute=0, book_interval=0.02, users={USERNAME: PASSWORD}
    )
    async with Simulator(settings) as simulator:
        yield simulator


@pytest.fixture
def browser(tmp_path: Path) -> Generator[Browser]:
    """Run Chromium, or Chrome, where there is one."""
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.skip("Chromium is not installed")
    if shutil.which("chromedriver") is None:
        pytest.skip("chromedriver is not installed")
    with chromium(tmp_path / "profile") as running:
        yield running
