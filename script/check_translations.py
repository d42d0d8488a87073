"""Check that whatever the integration shows has a text, and an icon where it needs one.

What needs a text is read from the code: the tables of entity descriptions as they are when
loaded, the rest from the source. The other way round, a text or an icon that nothing needs
is found too. Other languages must say the same as English, with the same placeholders.
What a form shows in the end (fields, errors) is checked wherever a test walks through it,
see tests/conftest.py.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, is_dataclass
from importlib import import_module
import json
from pathlib import Path
import re
import sys
from types import ModuleType
from typing import Any, cast

from homeassistant.const import Platform
from homeassistant.helpers.entity import EntityDescription
from homeassistant.util.yaml import load_yaml_dict

PACKAGE = "custom_components.glocalflex"
FOLDER = Path(__file__).parents[1].joinpath(*PACKAGE.split("."))

# Steps of a flow that show nothing: they lead to another.
SILENT_STEPS = {"reauth"}

# What Home Assistant ends a flow with by itself, by the method that does.
ABORTS = {
    "_abort_if_unique_id_configured": {"already_configured"},
    "_async_abort_entries_match": {"already_configured"},
    "async_update_and_abort": {"reconfigure_successful"},
    "async_update_reload_and_abort": {"reauth_successful", "reconfigure_successful"},
}
FLOWS = {
    "ConfigFlow": "config",
    "OptionsFlow": "options",
    "OptionsFlowWithReload": "options",
}

# Files that describe what automations can use, and the name of an icon there.
DESCRIBED = {"services": "service", "triggers": "trigger", "conditions": "condition"}

# Groups of texts that hold nothing but what the code needs.
COMPLETE = re.compile(
    r"(entity\.[^.]+\.[^.]+|(config|options|config_subentries\.[^.]+)\.(step|abort)\.[^.]+|exceptions\.[^.]+"
    r"|(services|triggers|conditions)\.[^.]+(\.fields\.[^.]+)?|selector\.[^.]+\.options)\.?"
)
PLACEHOLDER = re.compile(r"{\w+}")


@dataclass
class Needs:
    """Beginnings of the dotted keys that texts and icons must be found under."""

    texts: set[str] = field(default_factory=set)
    icons: set[str] = field(default_factory=set)


def flatten(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Give each text of a JSON file with its dotted key."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def read(path: Path) -> dict[str, str]:
    """Read a JSON file of texts or icons, nothing where there is none."""
    return dict(flatten(json.loads(path.read_bytes()))) if path.exists() else {}


def descriptions(table: object) -> Iterator[EntityDescription]:
    """Find the entity descriptions in a module's tables."""
    # A description class of Home Assistant's own is not what isinstance takes it for.
    if hasattr(table, "translation_key") and is_dataclass(table):
        yield cast(EntityDescription, table)
    elif isinstance(table, dict):
        yield from descriptions(list(table.values()))
    elif isinstance(table, list | tuple | set | frozenset):
        for item in table:
            yield from descriptions(item)


def need_entity(needs: Needs, platform: str, description: EntityDescription) -> None:
    """Note what one row of a table needs."""
    key = f"entity.{platform}.{description.translation_key}."
    if description.translation_key is None:
        return
    needs.texts.add(f"{key}name")
    if description.device_class is None or description.device_class == "enum":
        needs.icons.add(f"{key}default")
    for option in getattr(description, "options", None) or ():
        needs.texts.add(f"{key}state.{option}")
    for event_type in getattr(description, "event_types", None) or ():
        needs.texts.add(f"{key}state_attributes.event_type.state.{event_type}")


def constants(node: ast.expr, module: ModuleType) -> set[str]:
    """Resolve an expression that is a text, a constant's name, or a look-up in a table of texts."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Name(id=name) if isinstance(found := getattr(module, name, None), str):
            return {str(found)}
        case ast.Subscript(value=ast.Name(id=name)):
            return set(getattr(module, name).values())
    return set()


def called(call: ast.Call) -> str:
    """Name what is called, without what it belongs to."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def need_call(needs: Needs, call: ast.Call, module: ModuleType, flow: str) -> None:
    """Note what a call in the source needs, such as a translated exception."""
    name = called(call)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    keys = (
        constants(keywords["translation_key"], module)
        if "translation_key" in keywords
        else set()
    )
    platform = module.__name__.rpartition(".")[2]
    if name.endswith("Description") and platform in set(Platform):
        needs.texts |= {f"entity.{platform}.{key}.name" for key in keys}
        if "device_class" not in keywords:
            needs.icons |= {f"entity.{platform}.{key}.default" for key in keys}
    elif name.endswith("SelectorConfig"):
        needs.texts |= {f"selector.{key}.options." for key in keys}
    elif name.endswith("create_issue"):
        needs.texts |= {f"issues.{key}.title" for key in keys}
    elif "translation_domain" in keywords:
        needs.texts |= {f"exceptions.{key}.message" for key in keys}
    elif name == "async_abort" and "reason" in keywords:
        needs.texts |= {
            f"{flow}.abort.{key}" for key in constants(keywords["reason"], module)
        }
    elif flow:
        needs.texts |= {f"{flow}.abort.{reason}" for reason in ABORTS.get(name, ())}


def subentry_type(module: ModuleType) -> str:
    """Name the type of subentry that a module's flow is for: area_flow's is area."""
    return module.__name__.rpartition(".")[2].removesuffix("_flow")


def need_source(needs: Needs, module: ModuleType, source: str) -> None:
    """Note what a module's source needs."""
    tree = ast.parse(source)
    for top in tree.body:
        flow = ""
        if isinstance(top, ast.ClassDef):
            bases = {base.id for base in top.bases if isinstance(base, ast.Name)}
            flow = next((FLOWS[base] for base in bases & FLOWS.keys()), "")
            if "ConfigSubentryFlow" in bases:
                flow = f"config_subentries.{subentry_type(module)}"
        for node in ast.walk(top):
            if isinstance(node, ast.Call):
                need_call(needs, node, module, flow)
            elif flow and isinstance(node, ast.AsyncFunctionDef):
                step = node.name.removeprefix("async_step_")
                if step != node.name and step not in SILENT_STEPS:
                    needs.texts.add(f"{flow}.step.{step}.")


def needed() -> Needs:
    """Collect all that the integration needs."""
    needs = Needs()
    for path in sorted((*FOLDER.glob("*.py"), *FOLDER.glob("actions/*.py"))):
        parts = path.relative_to(FOLDER).with_suffix("").parts
        names = (name for name in parts if name != "__init__")
        module = import_module(".".join((PACKAGE, *names)))
        need_source(needs, module, path.read_text())
        if path.stem in set(Platform):
            tables = [
                value for value in vars(module).values() if not isinstance(value, type)
            ]
            for description in descriptions(tables):
                need_entity(needs, path.stem, description)
    for kind, icon in DESCRIBED.items():
        if (path := FOLDER / f"{kind}.yaml").exists():
            for name, content in load_yaml_dict(str(path)).items():
                if name.startswith("."):
                    continue
                needs.icons.add(f"{kind}.{name}.{icon}")
                needs.texts |= {f"{kind}.{name}.name", f"{kind}.{name}.description"}
                for item, field_content in (content or {}).get("fields", {}).items():
                    needs.texts |= {
                        f"{kind}.{name}.fields.{item}.name",
                        f"{kind}.{name}.fields.{item}.description",
                    }
                    needs.texts |= set(options(field_content.get("selector") or {}))
    return needs


def options(selector: dict[str, Any]) -> Iterator[str]:
    """Give the key of each option that a selector offers by a translated name."""
    for config in selector.values():
        if key := (config or {}).get("translation_key"):
            for option in config["options"]:
                yield f"selector.{key}.options.{option}"


def problems(
    needs: Needs, icons: Iterable[str], languages: dict[str, dict[str, str]]
) -> Iterator[str]:
    """Hold what is needed against what is there."""
    english = languages["en"]
    for what, wanted, given in (
        ("text", needs.texts, english),
        ("icon", needs.icons, icons),
    ):
        for key in sorted(wanted):
            if not any(
                found == key or (key[-1] == "." and found.startswith(key))
                for found in given
            ):
                yield f"no {what} for {key}"
        known = {match[0] for key in needs.texts if (match := COMPLETE.match(key))}
        for key in sorted(given):
            if (match := COMPLETE.match(key)) and match[0] not in known:
                yield f"the {what} {key} is of no use"
    for language, texts in sorted(languages.items()):
        yield from (
            f"{language}: {key} is missing"
            for key in sorted(english.keys() - texts.keys())
        )
        yield from (
            f"{language}: {key} is not in en"
            for key in sorted(texts.keys() - english.keys())
        )
        for key, text in sorted(texts.items()):
            if not text or text != text.strip():
                yield f"{language}: {key} is empty, or has blanks at its ends"
            if "://" in text:
                yield f"{language}: {key} holds an address, which belongs into a placeholder"
            same = english.get(key, text)
            if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(same)):
                yield f"{language}: {key} has other placeholders than en"


def main() -> int:
    """Check the integration, and print what is wrong."""
    languages = {path.stem: read(path) for path in FOLDER.glob("translations/*.json")}
    found = list(problems(needed(), read(FOLDER / "icons.json"), languages))
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
