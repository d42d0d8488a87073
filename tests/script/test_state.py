"""What script/run keeps between runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from script.development import state as module
from script.development.state import AlreadyRunning, State


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """Return a state in a folder of the test's own."""
    monkeypatch.setattr(module, "STATES", tmp_path / "states")
    return State("market.example:8180")


def storage(state: State, key: str) -> dict[str, Any]:
    """Read what Home Assistant would find in its storage."""
    text = (state.config / ".storage" / key).read_text()
    return dict(json.loads(text)["data"])


def test_held_once(state: State) -> None:
    """A second run is told where the first one is, and may start after it."""
    with state.held():
        state.announce("http://127.0.0.1:8123")
        with (
            pytest.raises(AlreadyRunning, match="http://127.0.0.1:8123"),
            State("market.example:8180").held(),
        ):
            pass
    with state.held():
        pass


def test_prepared_again(state: State) -> None:
    """The address is that of this run; what Home Assistant has stored stays until forgotten."""
    with state.held():
        state.prepare("127.0.0.1", 1)
        onboarding = state.config / ".storage" / "onboarding"
        onboarding.write_text('{"data": {"done": ["all"]}}')
        state.market = "demo@market"
        state.prepare("127.0.0.1", 2)
        assert storage(state, "http")["stable"]["server_port"] == 2
        assert storage(state, "onboarding")["done"] == ["all"]
        assert State("market.example:8180").market == "demo@market"
        manifest = state.config / "custom_components/glocalflex/manifest.json"
        assert json.loads(manifest.read_text())["domain"] == "glocalflex"
        state.forget()
        assert State("market.example:8180").market is None
        assert not state.folder.exists()
