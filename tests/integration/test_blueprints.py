"""What holds for every blueprint: that it can be imported, and that a person understands its inputs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint, BlueprintInputs
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml, parse_yaml

from .home import BLUEPRINTS, Home, home
from .messages import order_status

__all__ = ["home"]

DOCS = Path(__file__).parents[2] / "docs"

FILES = sorted(BLUEPRINTS.glob("*.yaml"))

each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def blueprint(data: Any) -> Blueprint:
    """Return what Home Assistant makes of a blueprint."""
    return Blueprint(
        data, expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA
    )


def inputs(metadata: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Iterate over the inputs, those in sections among them."""
    for name, described in metadata["input"].items():
        if "input" in described:
            assert described["name"]
            yield from described["input"].items()
        else:
            yield name, described


def test_all_are_tried() -> None:
    """There is a file for each of the tests."""
    assert [file.stem for file in FILES] == [
        "absorb_negative",
        "around_delivery",
        "charge_by",
        "notify_own",
        "pause_while_dear",
        "run_while_cheap",
        "shift_load",
    ]


@each
def test_metadata(file: Path) -> None:
    """It says what it needs, and not where it comes from: that is added where it is imported."""
    loaded = blueprint(load_yaml(str(file)))
    assert loaded.metadata["homeassistant"]["min_version"] == "2026.4.0"
    assert loaded.validate() is None
    assert "source_url" not in loaded.metadata
    assert loaded.data["mode"] == "queued"
    for name, described in inputs(loaded.metadata):
        assert described["name"], name
        assert described["description"], name
        selector = described["selector"]
        if "choose" in selector:
            # The editor of 2026.4 shows a plain zero as nothing.
            assert described["default"] != 0
            # It shows the names as they are, and the first one where it cannot tell.
            choices = selector["choose"]["choices"]
            assert list(choices) == ["Number", "Entity"]
            selector = choices["Number"]["selector"]
        if "number" in selector and name not in ("value", "idle_value"):
            assert selector["number"]["unit_of_measurement"], name


@each
def test_import(file: Path) -> None:
    """Home Assistant writes an imported blueprint down anew: it is the same then."""
    loaded = blueprint(load_yaml(str(file)))
    assert blueprint(parse_yaml(loaded.yaml())).data == loaded.data


@each
def test_docs(file: Path) -> None:
    """A page describes each input under the name that the user sees, with a picture and an example."""
    loaded = blueprint(load_yaml(str(file)))
    page = DOCS / "blueprints" / f"{file.stem}.md"
    text = page.read_text(encoding="utf-8")
    for _, described in inputs(loaded.metadata):
        assert f"| {described['name']} |" in text
    assert f"](../images/blueprint-{file.stem}.png)" in text
    example = parse_yaml(text.split("```yaml\n")[1].split("```")[0])
    assert isinstance(example, dict)
    assert example["use_blueprint"]["path"] == f"glocalflex/{file.name}"
    BlueprintInputs(loaded, example).validate()
    assert example["use_blueprint"]["input"].keys() <= loaded.inputs.keys()
    index = (DOCS / "blueprints.md").read_text(encoding="utf-8")
    assert f"](blueprints/{file.stem}.md)" in index


@pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")
async def test_notice_by_default(home: Home) -> None:
    """Without another wish, what is told of orders shows among Home Assistant's notifications."""
    await home.start("notify_own", notice=None)
    assert await async_setup_component(home.hass, "persistent_notification", {})
    await home.say(order_status("filled"))
    (notification,) = home.hass.data["persistent_notification"].values()
    assert notification["title"] == "Order filled"
    assert notification["message"].startswith("Sold: 2000 W at 0.3 EUR/kWh, ")
