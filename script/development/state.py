"""What script/run keeps between runs, one folder a market."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
import fcntl
import json
from pathlib import Path
import shutil

from .home_assistant import DOMAIN

ROOT = Path(__file__).parents[2]
STATES = ROOT / ".run"
TEMPLATE = ROOT / "config"
BLUEPRINTS = f"blueprints/automation/{DOMAIN}"

type Settings = dict[str, str | int | bool | None | list[str]]

# This step of the onboarding does nothing but set up online services (weather, radio,
# speech), which a look at the market must not wait for. The other steps are walked through.
ONBOARDING: Settings = {"done": ["core_config"]}

# Home Assistant keeps these in its storage, and nowhere else. Host and port come to them.
HTTP_SERVER: Settings = {
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": True,
    "ssl_profile": "modern",
    "use_x_frame_options": True,
    "created_at": "2026-01-01T00:00:00+00:00",
    "error": None,
    "error_message": None,
}


class AlreadyRunning(Exception):
    """Another script/run holds this state."""


class State:
    """The folder of one market's Home Assistant: its configuration, storage, history and logs."""

    def __init__(self, market: str) -> None:
        """Name the folder after the market."""
        self.folder = STATES / "".join(
            c if c.isalnum() or c in ".-" else "_" for c in market
        )
        self.config = self.folder / "config"
        self.market_log = self.folder / "market.log"
        self.home_assistant_log = self.folder / "home-assistant.log"
        self._lock = STATES / f"{self.folder.name}.lock"
        self._market = self.folder / "market.txt"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs away from the folder."""
        STATES.mkdir(exist_ok=True)
        with self._lock.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise AlreadyRunning(lock.read() or "its start is under way") from None
            lock.truncate(0)
            yield
            lock.truncate(0)

    def announce(self, url: str) -> None:
        """Leave the address for whoever finds the folder held."""
        self._lock.write_text(url)

    def prepare(self, host: str, port: int) -> None:
        """Lay out the folder, where the integration and the configuration are links to ours."""
        (self.config / ".storage").mkdir(parents=True, exist_ok=True)
        (self.config / "custom_components").mkdir(exist_ok=True)
        link(
            self.config / "custom_components" / DOMAIN,
            ROOT / "custom_components" / DOMAIN,
        )
        blueprints = self.config / BLUEPRINTS
        blueprints.mkdir(parents=True, exist_ok=True)
        for file in (ROOT / BLUEPRINTS).iterdir():
            link(blueprints / file.name, file)
        for file in TEMPLATE.iterdir():
            link(self.config / file.name, file)
        if not (automations := self.config / "automations.yaml").exists():
            automations.write_text("[]")
        if not self._storage("onboarding").exists():
            self._store("onboarding", (4, 1), ONBOARDING)
        server = HTTP_SERVER | {"server_host": [host], "server_port": port}
        settled = {"stable": server, "pending": None, "yaml_migration_done": True}
        self._store("http", (2, 2), settled)

    def forget(self) -> None:
        """Remove all that earlier runs left."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _storage(self, key: str) -> Path:
        return self.config / ".storage" / key

    def _store(
        self, key: str, version: tuple[int, int], data: Mapping[str, object]
    ) -> None:
        """Write a file of Home Assistant's storage, as the pinned release reads it."""
        major, minor = version
        content = {"version": major, "minor_version": minor, "key": key, "data": data}
        self._storage(key).write_text(json.dumps(content))

    @property
    def market(self) -> str | None:
        """Which market and account the entry of the last run was made for."""
        with suppress(FileNotFoundError):
            return self._market.read_text()
        return None

    @market.setter
    def market(self, market: str) -> None:
        self._market.write_text(market)


def link(at: Path, to: Path) -> None:
    """Make, or point anew, a symbolic link."""
    at.unlink(missing_ok=True)
    at.symlink_to(to)
