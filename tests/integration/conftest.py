"""A market to talk to, and entries for it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Settings, Simulator
from homeassistant.core import HomeAssistant

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
def set_up(hass: HomeAssistant) -> SetUp:
    """Set up an entry and wait for its streams."""

    async def set_up_entry(entry: MockConfigEntry) -> None:
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        streams = entry.runtime_data.streams
        await eventually(lambda: all(stream.connected for stream in streams.values()))

    return set_up_entry
