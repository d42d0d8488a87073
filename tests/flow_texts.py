"""Whether all that a flow shows has a text.

A flow's steps are known from its source, but its fields and errors only when it is walked
through: so every test that does so checks them, without asking for it.
"""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant import data_entry_flow
from homeassistant.config_entries import (
    ConfigEntriesFlowManager,
    ConfigSubentryFlowManager,
)

TRANSLATIONS = (
    Path(__file__).parents[1] / "custom_components/glocalflex/translations/en.json"
)
PLACEHOLDER = re.compile(r"{(\w+)}")


def missing_texts(
    manager: data_entry_flow.FlowManager[Any, Any, Any], result: dict[str, Any]
) -> list[str]:
    """Name the keys of the texts that a flow's result has no translation for."""
    texts = json.loads(TRANSLATIONS.read_bytes())
    match manager:
        case ConfigEntriesFlowManager():
            flow: tuple[str, ...] = ("config",)
        case ConfigSubentryFlowManager():
            flow = ("config_subentries", result["handler"][1])
        case _:
            flow = ("options",)
    missing = []
    for key in _keys(result):
        text: Any = texts
        for part in (*flow, *key):
            text = text.get(part, {})
        if not isinstance(text, str):
            missing.append(".".join((*flow, *key)))
            continue
        given = result.get("description_placeholders") or {}
        missing += [
            f"{'.'.join((*flow, *key))} {{{name}}}"
            for name in PLACEHOLDER.findall(text)
            if name not in given
        ]
    return missing


def _keys(result: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Give the keys of the texts that a result shows."""
    match result["type"]:
        case data_entry_flow.FlowResultType.FORM:
            step = ("step", result["step_id"])
            yield (*step, "title")
            yield from _fields(step, result["data_schema"])
            for error in (result.get("errors") or {}).values():
                yield ("error", error)
        case data_entry_flow.FlowResultType.MENU:
            for option in result["menu_options"]:
                yield ("step", result["step_id"], "menu_options", str(option))
        case data_entry_flow.FlowResultType.ABORT:
            yield ("abort", result["reason"])


def _fields(step: tuple[str, ...], schema: Any) -> Iterator[tuple[str, ...]]:
    """Give the keys of a form's fields, and of those in its sections."""
    for marker, value in schema.schema.items() if schema else ():
        name = str(marker.schema)
        if isinstance(value, data_entry_flow.section):
            yield (*step, "sections", name, "name")
            yield from _fields((*step, "sections", name), value.schema)
        else:
            yield (*step, "data", name)
