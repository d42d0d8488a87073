"""A blueprint's limit, chosen with a mouse."""

from pathlib import Path
import shutil

from homeassistant.util.yaml import load_yaml

from .browser import Browser

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"
AUTOMATION = """\
- id: cheap
  alias: Charge when cheap
  use_blueprint:
    path: glocalflex/run_while_cheap.yaml
    input:
      price: sensor.glocalflex_last_price
      load: input_boolean.charger
      memory: input_text.memory
"""


def test_limit(browser: Browser, home_assistant: str, tmp_path: Path) -> None:
    """An entity takes the place of the number, and is stored in the form that blueprints are tried with."""
    config = tmp_path / "config"
    shutil.copytree(BLUEPRINTS, config / "blueprints", dirs_exist_ok=True)
    (config / "automations.yaml").write_text(AUTOMATION)
    browser.open(home_assistant)
    browser.command(type="call_service", domain="automation", service="reload")
    browser.open(home_assistant + "/config/automation/edit/cheap")
    browser.click("Entity")
    browser.click("Select an entity")
    browser.click("Price limit")
    browser.click("Save")

    def stored() -> object:
        automations = load_yaml(config / "automations.yaml")
        return automations[0]["use_blueprint"]["input"].get("limit")

    browser.wait_until(stored, "see it saved")
    assert stored() == {
        "active_choice": "Entity",
        "Number": 0.2,
        "Entity": "input_number.price_limit",
    }
