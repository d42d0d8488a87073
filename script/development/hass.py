"""Home Assistant as it is, but for what a look at the market must not wait for.

Among all the kinds of entities that it loads are cameras and voice, whose packages need a
compiler, a system library or the network: integrations of its own whose packages are not
installed are left out. And its HTTP client wants multicast DNS, which fails on a machine
without a network: here it keeps to loopback. Takes the arguments of `hass`.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
import sys
from types import ModuleType

import msgspec
from packaging.requirements import Requirement
from zeroconf import IPVersion

from homeassistant import bootstrap, components
from homeassistant.__main__ import main
from homeassistant.components import zeroconf
from homeassistant.components.zeroconf.models import HaZeroconf
from homeassistant.const import BASE_PLATFORMS
from homeassistant.helpers import service


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


@cache
def usable_base_components() -> dict[str, ModuleType]:
    """Load the kinds of entities whose names may occur in descriptions of actions."""
    return {
        domain: import_module(f"homeassistant.components.{domain}")
        for domain in BASE_PLATFORMS
        if usable(domain)
    }


class LoopbackZeroconf(HaZeroconf):
    """Multicast DNS that joins no network."""

    def __init__(self, **_: object) -> None:
        """Leave aside the adapters that Home Assistant has found."""
        super().__init__(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)


if __name__ == "__main__":
    bootstrap.DEFAULT_INTEGRATIONS = {
        domain for domain in bootstrap.DEFAULT_INTEGRATIONS if usable(domain)
    }
    service._base_components = usable_base_components  # noqa: SLF001
    zeroconf.HaZeroconf = LoopbackZeroconf  # type: ignore[assignment, misc]
    sys.exit(main())
