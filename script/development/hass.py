"""Home Assistant, without those of its default integrations whose packages are not installed.

Home Assistant sets up every kind of entity at start, among them cameras and voice, whose
packages need a compiler or the network. Nothing here uses them, so they are left out;
all else is Home Assistant as it is. Takes the arguments of `hass`.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
import sys

import msgspec
from packaging.requirements import Requirement

from homeassistant import bootstrap, components
from homeassistant.__main__ import main


class Manifest(msgspec.Struct):
    """What an integration's manifest says it needs."""

    dependencies: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


@cache
def manifest(domain: str) -> Manifest:
    """Read the manifest of an integration of Home Assistant's own."""
    path = Path(components.__path__[0]) / domain / "manifest.json"
    return msgspec.json.decode(path.read_bytes(), type=Manifest)


def installed(requirement: str) -> bool:
    """Tell whether a requirement is met as Home Assistant pins it."""
    wanted = Requirement(requirement)
    try:
        return wanted.specifier.contains(version(wanted.name))
    except PackageNotFoundError:
        return False


@cache
def usable(domain: str) -> bool:
    """Tell whether all that an integration needs, and all it stands upon, is installed."""
    needs = manifest(domain)
    return all(map(installed, needs.requirements)) and all(
        map(usable, needs.dependencies)
    )


if __name__ == "__main__":
    bootstrap.DEFAULT_INTEGRATIONS = set(filter(usable, bootstrap.DEFAULT_INTEGRATIONS))
    sys.exit(main())
