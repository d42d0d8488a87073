"""Home Assistant as it is, but for two things that a look at the market must not wait for.

It sets up every kind of entity at start, among them cameras and voice, whose packages need
a compiler or the network: default integrations whose packages are not installed are left
out. And its HTTP client wants multicast DNS, which fails on a machine without a network:
here it keeps to loopback. Takes the arguments of `hass`.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
import sys

import msgspec
from packaging.requirements import Requirement
from zeroconf import IPVersion

from homeassistant import bootstrap, components
from homeassistant.__main__ import main
from homeassistant.components import zeroconf
from homeassistant.components.zeroconf.models import HaZeroconf


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


class LoopbackZeroconf(HaZeroconf):
    """Multicast DNS that joins no network."""

    def __init__(self, **_: object) -> None:
        """Leave aside the adapters that Home Assistant has found."""
        super().__init__(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)


if __name__ == "__main__":
    bootstrap.DEFAULT_INTEGRATIONS = set(filter(usable, bootstrap.DEFAULT_INTEGRATIONS))
    zeroconf.HaZeroconf = LoopbackZeroconf  # type: ignore[assignment, attr-defined]
    sys.exit(main())
