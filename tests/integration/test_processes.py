"""Tests of the market and Home Assistant as processes that are killed and started again."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
import os
from pathlib import Path
import shutil
import signal

import aiohttp
import msgspec
import pytest

from script.development import state as state_module
from script.development.child import Child
from script.development.home_assistant import HomeAssistant
from script.development.run import (
    DEMO_PASSWORD,
    DEMO_USER,
    LOOPBACK,
    Connection,
    accepts,
    free_port,
    home_assistant,
    market,
    prepare,
)
from script.development.state import State

NOTICED_WITHIN = 5.0
PATIENCE = 60.0

STREAMS = tuple(
    f"binary_sensor.glocalflex_{name}_stream"
    for name in ("trade", "order_book", "market_data")
)
PRICES = ("sensor.glocalflex_last_price", "sensor.glocalflex_best_bid")


class Shown(msgspec.Struct):
    """A state in Home Assistant's REST API."""

    entity_id: str
    state: str


@pytest.fixture
def home_assistant_port() -> int:
    """Choose where Home Assistant listens."""
    return free_port(0)


@pytest.fixture
def state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home_assistant_port: int
) -> State:
    """Keep Home Assistant's files in a folder of the test's own."""
    template = tmp_path / "template"
    shutil.copytree(state_module.TEMPLATE, template)
    # script/run is for the newest release, which keeps its address in its storage;
    # this test is for the oldest as well.
    with (template / "configuration.yaml").open("a") as configuration:
        configuration.write(
            f"\nhttp:\n  server_host: {LOOPBACK}\n  server_port: {home_assistant_port}\n"
        )
    monkeypatch.setattr(state_module, "TEMPLATE", template)
    monkeypatch.setattr(state_module, "STATES", tmp_path)
    return State("processes")


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """Return what asks the REST API."""
    async with aiohttp.ClientSession() as client:
        yield client


def kill(child: Child) -> None:
    """End a process as a loss of power does."""
    os.killpg(child._process.pid, signal.SIGKILL)  # noqa: SLF001


async def until(hass: HomeAssistant, entity_ids: Iterable[str], *, known: bool) -> None:
    """Wait until Home Assistant says that all these are on or have values, or that none is."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await hass._get("/api/states")  # noqa: SLF001
            states = {
                shown.entity_id: shown.state
                for shown in msgspec.json.decode(answer, type=list[Shown])
            }
            if all(
                (states.get(entity_id, "") not in ("", "off", "unavailable", "unknown"))
                is known
                for entity_id in entity_ids
            ):
                return
            await asyncio.sleep(0.1)


@pytest.mark.timeout(400)
async def test_killed_and_started_again(
    state: State, session: aiohttp.ClientSession, home_assistant_port: int
) -> None:
    """Each comes back by itself, and the market's return is noticed within 5 seconds."""
    port = free_port(0)
    state.prepare(LOOPBACK, home_assistant_port)
    hass = HomeAssistant(session, f"http://{LOOPBACK}:{home_assistant_port}")
    connection = Connection(f"{LOOPBACK}:{port}", DEMO_USER, DEMO_PASSWORD, plain=True)

    async with home_assistant(state) as first:
        async with market(port, state.market_log) as running:
            await accepts(port)
            await prepare(hass, connection, state)
            await until(hass, (*STREAMS, *PRICES), known=True)
            kill(running)
            await until(hass, (*STREAMS, *PRICES), known=False)
        # It takes seconds to start, so that the waits between attempts are long by then.
        async with market(port, state.market_log):
            await accepts(port)
            returned = asyncio.get_running_loop().time()
            await until(hass, STREAMS, known=True)
            assert asyncio.get_running_loop().time() - returned < NOTICED_WITHIN
            await until(hass, PRICES, known=True)

            kill(first)
            async with home_assistant(state):
                await hass.sign_in()
                await hass.wait_until_started()
                await until(hass, (*STREAMS, *PRICES), known=True)
