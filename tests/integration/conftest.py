"""A market to talk to, and entries for it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from datetime import UTC, datetime
import json
import time
from typing import Any
from unittest.mock import PropertyMock, patch

from freezegun import api, freeze_time
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Settings, Simulator
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

USERNAME = "Alice"
PASSWORD = "open sesame"
ACCESS_TOKEN = "a-token-made-elsewhere"

# How long a thing that travels over a socket may take at most, in seconds.
PATIENCE = 10.0


@pytest.fixture
async def market() -> AsyncGenerator[Simulator]:
    """Run a market in which nothing happens that a test does not ask for."""
    settings = Settings(
        speed=0,
        orders_per_minute=0,
        book_interval=0.02,
        users={USERNAME: PASSWORD},
        access_tokens={ACCESS_TOKEN: USERNAME},
    )
    async with Simulator(settings) as simulator:
        yield simulator


@pytest.fixture
def account_entry(market: Simulator) -> MockConfigEntry:
    """Return an entry for the market with an account."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=USERNAME,
        unique_id=f"{market.host} {USERNAME.lower()}",
        data={
            "kind": "account",
            "host": market.host,
            "plain": True,
            "username": USERNAME,
            "password": PASSWORD,
        },
    )


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until what travels over a socket has arrived."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


type SetUp = Callable[[MockConfigEntry], Awaitable[None]]


@pytest.fixture
async def set_up(hass: HomeAssistant) -> AsyncGenerator[SetUp]:
    """Set up an entry and wait for its streams; it is unloaded before its market ends."""
    entries: list[MockConfigEntry] = []

    async def set_up_entry(entry: MockConfigEntry) -> None:
        entries.append(entry)
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        streams = entry.runtime_data.streams
        await eventually(lambda: all(stream.connected for stream in streams.values()))

    yield set_up_entry
    for entry in entries:
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def all_enabled() -> Generator[None]:
    """Enable also what a user would have to enable."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        new_callable=PropertyMock,
        return_value=True,
    ):
        yield


# A Tuesday noon in Helsinki.
NOON = datetime(2026, 5, 5, 9, tzinfo=UTC)


class Clock:
    """A stopped clock. That of the event loop goes on, as sockets need it, and is moved along."""

    def __init__(self, frozen: api.FrozenDateTimeFactory) -> None:
        """Take over what stops the clock."""
        self._frozen = frozen
        self._ahead = 0.0

    def loop_time(self) -> float:
        """Return the event loop's time, in seconds."""
        # By its module, where it is not stopped as well.
        return api.real_monotonic() + self._ahead

    def set(self, to: datetime) -> None:
        """Show another time; nothing becomes due by that."""
        self._frozen.move_to(to)

    async def move(self, hass: HomeAssistant, to: datetime) -> None:
        """Let time pass, and what is due by then happen."""
        self._ahead += (to - dt_util.utcnow()).total_seconds()
        self._frozen.move_to(to)
        for _ in range(3):
            await asyncio.sleep(0)
        await hass.async_block_till_done()


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Clock]:
    """Stop the clock at noon. To be asked for before all else."""
    # What is decoded names its types in these modules: theirs must stay the true ones.
    typed = [
        "custom_components.glocalflex.signal_state",
        "custom_components.glocalflex.state",
        "custom_components.glocalflex.market.model",
    ]
    with freeze_time(NOON, ignore=typed) as frozen:
        assert isinstance(frozen, api.FrozenDateTimeFactory)
        stopped = Clock(frozen)
        # A time that is written to a file must be a true one too.
        monkeypatch.setattr(
            dt_util, "utcnow", lambda: api.real_datetime.fromtimestamp(time.time(), UTC)
        )
        monkeypatch.setattr(asyncio.get_running_loop(), "time", stopped.loop_time)
        yield stopped


type Described = dict[str, dict[str, Any]]


def described(hass: HomeAssistant, entry: MockConfigEntry) -> Described:
    """Return all that is to be seen of an entry's entities, alike on every release."""
    found: Described = {}
    registry = er.async_get(hass)
    for registered in er.async_entries_for_config_entry(registry, entry.entry_id):
        state = hass.states.get(registered.entity_id)
        assert state is not None, registered.entity_id
        found[registered.entity_id] = {
            "unique_id": registered.unique_id.removeprefix(f"{entry.entry_id}_"),
            "translation_key": registered.translation_key,
            "category": registered.entity_category and registered.entity_category.value,
            "state": state.state,
            "attributes": json.loads(json.dumps(dict(state.attributes), default=str)),
        }
    return found


@pytest.fixture
def pictured(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Return a snapshot in a format that is alike on every release."""
    return snapshot.use_extension(JSONSnapshotExtension)
