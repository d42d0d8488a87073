"""What all tests share."""

import os
from typing import Any

from hypothesis import settings
import pytest

from custom_components.glocalflex.const import DOMAIN
from homeassistant.config_entries import (
    ConfigEntriesFlowManager,
    ConfigSubentryFlowManager,
    OptionsFlowManager,
)
from homeassistant.data_entry_flow import FlowManager

from .flow_texts import missing_texts

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
        # A database comes before all else.
        if "recorder_mock" in request.fixturenames:
            request.getfixturevalue("recorder_mock")
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def flow_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check in every flow that a test walks through that what it shows has a text."""

    def checked(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        async def run(manager: Any, *args: Any, **kwargs: Any) -> Any:
            result = await original(manager, *args, **kwargs)
            if result["handler"] == DOMAIN or isinstance(
                manager, OptionsFlowManager | ConfigSubentryFlowManager
            ):
                assert not missing_texts(manager, result)
            return result

        monkeypatch.setattr(owner, name, run)

    checked(ConfigEntriesFlowManager, "async_init")
    checked(FlowManager, "async_init")
    checked(FlowManager, "async_configure")
