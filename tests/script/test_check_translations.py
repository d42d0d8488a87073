"""The search for missing texts and icons."""

import ast
from types import ModuleType

import pytest

from homeassistant.components.event import EventEntityDescription
from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription
from script.check_translations import (
    Needs,
    descriptions,
    main,
    need_entity,
    need_source,
    options,
    problems,
)

SENSORS = {
    "all": (
        SensorEntityDescription(key="price", translation_key="price"),
        SensorEntityDescription(
            key="power", translation_key="power", device_class=SensorDeviceClass.POWER
        ),
        SensorEntityDescription(
            key="status",
            translation_key="status",
            device_class=SensorDeviceClass.ENUM,
            options=["on_hold"],
        ),
        SensorEntityDescription(key="unnamed"),
    )
}


def test_tables() -> None:
    """Every row needs a name, its states' texts, and an icon if its class brings none."""
    needs = Needs()
    for description in descriptions([SENSORS, "else"]):
        need_entity(needs, "sensor", description)
    need_entity(
        needs,
        "event",
        EventEntityDescription(
            key="trade", translation_key="trade", event_types=["closed"]
        ),
    )
    assert needs.texts == {
        "entity.event.trade.name",
        "entity.event.trade.state_attributes.event_type.state.closed",
        "entity.sensor.power.name",
        "entity.sensor.price.name",
        "entity.sensor.status.name",
        "entity.sensor.status.state.on_hold",
    }
    assert needs.icons == {
        "entity.event.trade.default",
        "entity.sensor.price.default",
        "entity.sensor.status.default",
    }


SOURCE = """
class Flow(ConfigFlow, domain=DOMAIN):
    async def async_step_user(self, user_input=None):
        self._abort_if_unique_id_configured()
        return self.async_abort(reason="no_market")

    async def async_step_reauth(self, data):
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=KEY)

ROWS = [BinarySensorEntityDescription(translation_key=KEYS[name]) for name in KEYS]
PACES = SelectSelectorConfig(translation_key="pace")
"""


def test_source() -> None:
    """What is not in a table is found in the source, where names stand for texts too."""
    module = ModuleType("custom_components.some.binary_sensor")
    vars(module).update(KEY="refused", KEYS={1: "stream"})
    needs = Needs()
    need_source(needs, module, ast.unparse(ast.parse(SOURCE)))
    assert needs.texts == {
        "config.abort.already_configured",
        "config.abort.no_market",
        "config.step.user.",
        "entity.binary_sensor.stream.name",
        "exceptions.refused.message",
        "selector.pace.options.",
    }
    assert needs.icons == {"entity.binary_sensor.stream.default"}


NEEDS = Needs(
    {"config.step.user.", "entity.sensor.price.name"}, {"entity.sensor.price.default"}
)
ENGLISH = {
    "config.step.user.title": "Hello {name}",
    "entity.sensor.price.name": "Price",
}
ICONS = {"entity.sensor.price.default": "mdi:cash"}


@pytest.mark.parametrize(
    ("needs", "icons", "languages", "expected"),
    [
        (NEEDS, ICONS, {"en": ENGLISH}, []),
        (NEEDS, {}, {"en": ENGLISH}, ["no icon for entity.sensor.price.default"]),
        (
            NEEDS,
            ICONS,
            {"en": {"entity.sensor.price.name": "Price"}},
            ["no text for config.step.user."],
        ),
        (
            Needs({"config.step.user."}),
            {},
            {"en": ENGLISH},
            ["the text entity.sensor.price.name is of no use"],
        ),
        (
            Needs({"triggers.a.name", "selector.pace.options.calm"}),
            {},
            {
                "en": {
                    "triggers.a.name": "A",
                    "triggers.a.fields.b.name": "B",
                    "triggers.c.name": "C",
                    "selector.pace.options.calm": "Calm",
                    "selector.place.options.here": "Here",
                }
            },
            [
                "the text selector.place.options.here is of no use",
                "the text triggers.a.fields.b.name is of no use",
                "the text triggers.c.name is of no use",
            ],
        ),
        (
            NEEDS,
            ICONS,
            {"en": ENGLISH, "fi": {"config.step.user.title": "Hei {nimi}", "x": " "}},
            [
                "fi: entity.sensor.price.name is missing",
                "fi: x is not in en",
                "fi: config.step.user.title has other placeholders than en",
                "fi: x is empty, or has blanks at its ends",
            ],
        ),
    ],
)
def test_problems(
    needs: Needs,
    icons: dict[str, str],
    languages: dict[str, dict[str, str]],
    expected: list[str],
) -> None:
    """What is missing, left over, or says another thing in another language is named."""
    assert list(problems(needs, icons, languages)) == expected


def test_options() -> None:
    """Each option that a selector shows by a translated name needs a text, a plain one does not."""
    assert set(
        options({"select": {"translation_key": "pace", "options": ["calm", "busy"]}})
    ) == {"selector.pace.options.calm", "selector.pace.options.busy"}
    assert not set(options({"select": {"options": ["calm"]}}))
    assert not set(options({"duration": None}))


def test_integration(capsys: pytest.CaptureFixture[str]) -> None:
    """The integration's own texts and icons are complete."""
    assert main() == 0, capsys.readouterr().err
