"""What all tests share."""

import os

from hypothesis import settings
import pytest

# A machine at work must not fail a test for being slow; CI tries the same cases each time.
settings.register_profile(
    "glocalflex", deadline=None, database=None, derandomize="CI" in os.environ
)
settings.load_profile("glocalflex")


@pytest.fixture(autouse=True)
def loopback(socket_enabled: None) -> None:
    """Allow sockets: markets are stood in for by servers on 127.0.0.1, the one host allowed."""


@pytest.fixture(autouse=True)
def custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant, where a test has one, find the integration."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")
