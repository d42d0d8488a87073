"""The practice market inside Home Assistant."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
import gc
from http import HTTPStatus
import json
from pathlib import Path
import socket
import sys
from time import thread_time

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.glocalflex import practice
from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Settings, Simulator
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    EVENT_HOMEASSISTANT_STOP,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .conftest import SetUp, eventually

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = 3600.0

# No step of the set-up may keep Home Assistant from its other work for longer, in seconds.
LONGEST_STEP = 0.05

# What a Home Assistant has imported that has another kind of entry only.
WITHOUT_PRACTICE = """
import asyncio, json, sys
import homeassistant
import custom_components
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry, async_test_home_assistant)
from aiohttp.resolver import ThreadedResolver
from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import aiohttp_client

async def main():
    # As in all tests, without multicast DNS.
    resolver = ThreadedResolver()
    resolver.real_close = resolver.close
    aiohttp_client._async_make_resolver = lambda hass: resolver
    async with async_test_home_assistant() as hass:
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        entry = MockConfigEntry(domain="glocalflex", data={
            "kind": "public", "host": "127.0.0.1:1", "plain": True})
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.config_entries.flow.async_init("glocalflex", context={"source": "user"})
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        await hass.async_stop(force=True)

asyncio.run(main())
print(json.dumps([name for name in sys.modules if "glocalflex" in name]))
"""


def practice_entry(seed: int = 1, pace: str = "normal") -> MockConfigEntry:
    """Return an entry for the practice market."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Practice market",
        unique_id="practice",
        data={"kind": "practice", "seed": seed, "pace": pace},
    )


@pytest.fixture
def simulators(monkeypatch: pytest.MonkeyPatch) -> list[Simulator]:
    """Get hold of each practice market that is started; their clocks stand still."""
    made: list[Simulator] = []

    def make(settings: Settings) -> Simulator:
        made.append(Simulator(replace(settings, start=START, speed=0)))
        return made[-1]

    monkeypatch.setattr(practice, "Simulator", make)
    return made


def state(entry: MockConfigEntry) -> ConfigEntryState:
    """Return an entry's state."""
    return entry.state


def shown(hass: HomeAssistant, key: str) -> str:
    """Return a sensor's state."""
    sensor = hass.states.get(f"sensor.glocalflex_practice_{key}")
    assert sensor
    return sensor.state


def is_known(hass: HomeAssistant, key: str) -> bool:
    """Tell whether a sensor has a value."""
    return shown(hass, key) not in (STATE_UNKNOWN, STATE_UNAVAILABLE)


def book(hass: HomeAssistant) -> Mapping[str, float]:
    """Return what is shown of the order book."""
    return {
        key: float(shown(hass, key))
        for key in ("best_bid", "best_ask", "bid_power", "ask_power", "ask_orders")
    }


async def test_device(
    hass: HomeAssistant, set_up: SetUp, device_registry: dr.DeviceRegistry
) -> None:
    """Nobody takes the practice market for a real one."""
    entry = practice_entry()
    await set_up(entry)
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert device.name == "GLocalFlex Practice"
    assert device.model == "Practice market"


async def test_life(
    hass: HomeAssistant, set_up: SetUp, simulators: list[Simulator]
) -> None:
    """It has a book from the start, and trades for its user."""
    entry = practice_entry()
    await set_up(entry)
    await eventually(lambda: is_known(hass, "ask_orders"))
    assert all(book(hass).values())
    orders = async_capture_events(hass, "glocalflex_order_status")
    contracts = async_capture_events(hass, "glocalflex_contract_status")
    (simulator,) = simulators

    # Contracts of before are delivered, verified and settled now.
    await simulator.control.advance(2 * HOUR)
    await simulator.control.drained()
    statuses = {
        "verification_initiated",
        "verification_completed_success",
        "settlement_initiated",
        "settlement_completed_success",
    }
    await eventually(lambda: {event.data["status"] for event in contracts} == statuses)
    assert {"accepted", "matching_active", "filled"} <= {
        event.data["status"] for event in orders
    }
    for key in ("last_order_status", "last_contract_status", "last_price"):
        await eventually(partial(is_known, hass, key))


async def test_seed_and_pace(
    hass: HomeAssistant, set_up: SetUp, simulators: list[Simulator]
) -> None:
    """The same seed makes the same market; a higher pace makes a busier one."""
    books = []
    for seed, pace in ((1, "calm"), (1, "calm"), (2, "calm"), (1, "normal")):
        entry = practice_entry(seed, pace)
        await set_up(entry)
        await eventually(partial(is_known, hass, "ask_orders"))
        books.append(book(hass))
        assert await hass.config_entries.async_remove(entry.entry_id)
    first, again, other, busier = books
    assert again == first
    assert other != first
    assert busier["ask_orders"] > 2 * first["ask_orders"]


async def test_strangers(
    hass: HomeAssistant, set_up: SetUp, simulators: list[Simulator]
) -> None:
    """It listens on loopback alone, and to its own entry alone."""
    await set_up(practice_entry())
    (simulator,) = simulators
    assert simulator.host.startswith("127.0.0.1:")
    with socket.socket() as neighbour:
        # This fails where somebody listens on all addresses.
        neighbour.bind(("127.0.0.2", simulator.port))

    session = async_get_clientsession(hass)
    for stream in ("ticker", "orderbook", "trade"):
        for headers in ({}, {"Authorization": "Bearer practice"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(
                    f"ws://{simulator.host}/api/v1/ws/{stream}", headers=headers
                )
            assert caught.value.status == HTTPStatus.UNAUTHORIZED
    for path, form in (
        ("/api/v1/order", {}),
        (
            "/auth/oauth/v2/token",
            {
                "client_id": "glocalflexmarket_public_api",
                "grant_type": "password",
                "username": practice.USERNAME,
                "password": practice.USERNAME,
            },
        ),
    ):
        async with session.post(f"http://{simulator.host}{path}", data=form) as answer:
            assert answer.status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("end", ["unload", "stop"])
async def test_end(
    hass: HomeAssistant,
    set_up: SetUp,
    simulators: list[Simulator],
    caplog: pytest.LogCaptureFixture,
    end: str,
) -> None:
    """It ends with its entry, and with Home Assistant, without a word."""
    entry = practice_entry()
    await set_up(entry)
    (simulator,) = simulators
    caplog.clear()
    if end == "unload":
        assert await hass.config_entries.async_unload(entry.entry_id)
    else:
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
        await hass.async_block_till_done()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", simulator.port)
    # That a machine at work is slow is no matter.
    assert not [
        record
        for record in caplog.records
        if record.levelname == "WARNING" and record.name != "asyncio"
    ]


async def test_not_started(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it cannot listen, Home Assistant says why and tries again."""

    async def fail(_: Simulator) -> None:
        raise OSError("no loopback today")

    monkeypatch.setattr(Simulator, "start", fail)
    entry = practice_entry(pace="calm")
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert state(entry) is ConfigEntryState.SETUP_RETRY
    assert entry.reason == (
        "The practice market could not be started: no loopback today"
    )
    monkeypatch.undo()
    await hass.config_entries.async_reload(entry.entry_id)
    assert state(entry) is ConfigEntryState.LOADED


async def test_another_life(
    hass: HomeAssistant, set_up: SetUp, simulators: list[Simulator]
) -> None:
    """After a restart it is another market: the last one's orders are forgotten, counters go on."""
    entry = practice_entry()
    await set_up(entry)
    await simulators[0].control.advance(2 * HOUR)
    await simulators[0].control.drained()
    await eventually(lambda: shown(hass, "contracts_settled") != "0")
    await eventually(lambda: shown(hass, "expired_orders") != "0")
    figures = entry.runtime_data.parts.whole.figures
    assert await hass.config_entries.async_unload(entry.entry_id)

    assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(lambda: shown(hass, "contracts_settled") == "0")
    assert not is_known(hass, "last_order_status")
    await eventually(partial(is_known, hass, "expired_orders"))
    assert shown(hass, "expired_orders") == str(figures.expired_orders)


@pytest.mark.parametrize("pace", ["calm", "normal", "busy"])
async def test_set_up_blocks_nothing(
    hass: HomeAssistant, set_up: SetUp, pace: str
) -> None:
    """Home Assistant goes on with its work while hours of history are made."""
    # In processor time, so that a machine at work does not count.
    hass.loop.set_debug(False)
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        last = thread_time()
        while True:
            await asyncio.sleep(0)
            now = thread_time()
            longest = max(longest, now - last)
            last = now

    entry = practice_entry(pace=pace)
    # What is garbage of earlier tests must not be collected just now.
    gc.collect()
    gc.freeze()
    watcher = asyncio.create_task(watch())
    await set_up(entry)
    watcher.cancel()
    gc.unfreeze()
    assert longest < LONGEST_STEP


async def test_not_imported_without_need() -> None:
    """A Home Assistant that does not practise does not load the simulator."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", WITHOUT_PRACTICE),
        cwd=Path(practice.__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    modules = json.loads(output.splitlines()[-1])
    package = "custom_components.glocalflex"
    assert {f"{package}.sensor", f"{package}.config_flow"} <= set(modules)
    assert not [
        name
        for name in modules
        if name.startswith((f"{package}.practice", f"{package}.simulator"))
    ]
