"""A plain Home Assistant with the integration copied into it, and a browser."""

from collections.abc import AsyncGenerator, Generator, Mapping
import json
from pathlib import Path
import shutil
import sys

import aiohttp
import pytest

import custom_components.glocalflex
from script.development.child import child
from script.development.home_assistant import HomeAssistant
from script.development.run import LOOPBACK, free_port
from script.development.state import ONBOARDING

from .browser import Browser, chromium

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
input_boolean:
  charger:
    name: Car charger
input_number:
  price_limit:
    name: Price limit
    min: -1
    max: 1
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


@pytest.fixture
async def home_assistant(tmp_path: Path) -> AsyncGenerator[str]:
    """Run a Home Assistant that somebody has signed in to before; returns its address."""
    port = free_port(0)
    folder = tmp_path / "config"
    shutil.copytree(
        custom_components.glocalflex.__path__[0],
        folder / "custom_components" / "glocalflex",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    (folder / "automations.yaml").write_text("[]")
    server = {"server_host": [LOOPBACK], "server_port": port}
    store(folder, "http", (1, 1), server)
    store(folder, "onboarding", (4, 1), ONBOARDING)
    url = f"http://{LOOPBACK}:{port}"
    async with (
        child(
            "Home Assistant",
            [
                sys.executable,
                *("-m", "script.development.hass"),
                *("--config", folder),
                "--skip-pip",
                "--log-no-color",
            ],
            tmp_path / "home-assistant.log",
        ),
        aiohttp.ClientSession() as session,
    ):
        hass = HomeAssistant(session, url)
        await hass.sign_in()
        await hass.finish_onboarding()
        await hass.wait_until_started()
        yield url


@pytest.fixture
def browser(tmp_path: Path) -> Generator[Browser]:
    """Run Chromium, or Chrome, where there is one."""
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.skip("Chromium is not installed")
    if shutil.which("chromedriver") is None:
        pytest.skip("chromedriver is not installed")
    with chromium(tmp_path / "profile") as running:
        yield running
