"""The blueprint that shifts a load that can wait: what must happen to it, and what must not."""

from datetime import timedelta
import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.glocalflex.const import DOMAIN
from script.development.run import LOOPBACK, free_port

from .conftest import NOON, eventually
from .home import MARKET, MEMORY, PRICE, SWITCH, DeviceOf, Home, home
from .test_area import stored

__all__ = ["home"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)

HOUR = timedelta(hours=1)
MINUTES = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
ASKED = "input_boolean.asked"
BOOK_STREAM = "binary_sensor.glocalflex_order_book_stream"

# Noon is NOON in UTC; the load is to be ready five hours later, and runs for one.
READY = NOON + 5 * HOUR
LATEST = READY - HOUR
OFFERS = {NOON + n * HOUR: price for n, price in ((1, 0.5), (2, 0.2), (3, 0.4))}


async def start(home: Home, **inputs: object) -> None:
    """Have a load that waits until it is asked for."""
    inputs = {
        "market": MARKET,
        "asked": ASKED,
        "load": SWITCH,
        "duration": 60,
        "ready_by": f"{READY:%H:%M:%S}",
        "memory": MEMORY,
        **inputs,
    }
    await home.start("shift_load", **inputs)


@pytest.fixture(autouse=True)
def in_utc(home: Home) -> None:
    """Let local time be that of the market's messages."""
    home.time_zone = "UTC"


async def ask(home: Home) -> None:
    """Ask for the load to run."""
    await home.call("input_boolean.turn_on", ASKED)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged as an error."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR
    ]


async def test_the_cheapest_time(home: Home) -> None:
    """It runs once, for its time, when that costs least."""
    await start(home)
    await home.offers(OFFERS)
    await home.wait(3)
    assert home.notices == []
    await ask(home)
    assert home.messages == ["Charger is to start at 11:00."]
    await home.to(NOON + 2 * HOUR - SECOND)
    assert home.state() == "off"
    await home.to(NOON + 2 * HOUR + SECOND)
    assert home.state() == "on"
    await home.to(NOON + 3 * HOUR - SECOND)
    assert home.state() == "on"
    await home.to(NOON + 3 * HOUR + MINUTES)
    assert (home.state(), home.state(ASKED), home.state(MEMORY)) == ("off", "off", "")
    await home.to(READY)
    assert [call[0] for call in home.calls] == ["turn_on", "turn_off"]
    assert home.notices == ["planned", "running", "finished"]


async def test_offers_change(home: Home) -> None:
    """The plan follows what is offered, until the load runs."""
    await start(home)
    await home.offers(OFFERS)
    await ask(home)
    await home.offers({NOON + 3 * HOUR: 0.1, NOON + 2 * HOUR: 0.2})
    await home.to(NOON + 2 * HOUR + SECOND)
    assert home.state() == "off"
    await home.to(NOON + 3 * HOUR + SECOND)
    assert home.state() == "on"
    await home.offers({NOON + 4 * HOUR: 0.0})
    await home.wait(30)
    assert home.state() == "on"
    assert home.notices == ["planned", "running"]


async def test_nothing_is_offered(home: Home) -> None:
    """It runs as late as it can, and is ready."""
    await start(home)
    await home.offers({})
    await ask(home)
    await home.to(LATEST - SECOND)
    assert home.state() == "off"
    await home.to(LATEST + SECOND)
    assert home.state() == "on"


@pytest.mark.parametrize("device", [MARKET, DeviceOf("sensor.finland_best_ask")])
@pytest.mark.parametrize("is_all_away", [False, True])
async def test_the_market_is_away(
    home: Home,
    device: DeviceOf,
    is_all_away: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The plan that was made holds; without one it runs as late as it can. Nobody is bothered."""
    home.subentries.append(stored())
    await start(home, market=device)
    await home.offers(OFFERS)
    await ask(home)
    assert home.messages == ["Charger is to start at 11:00."]
    if is_all_away:
        await home.lose()
    else:
        home.market.control.refuse(503, what="stream")
        await home.market.control.cut("orderbook")
        await eventually(lambda: home.state(BOOK_STREAM) == "off")
    await home.to(NOON + 2 * HOUR + SECOND)
    assert home.state() == "on"
    await home.to(NOON + 3 * HOUR + MINUTES)
    assert home.state() == "off"
    await ask(home)
    await home.to(LATEST - SECOND)
    assert home.state() == "off"
    await home.to(LATEST + SECOND)
    assert home.state() == "on"
    assert errors(caplog) == []


async def test_the_market_comes_back(home: Home) -> None:
    """It is asked again, and the load follows what is offered then."""
    await start(home)
    await home.lose()
    await ask(home)
    await home.wait(20)
    await home.find()
    await home.offers(OFFERS)
    await home.to(NOON + 2 * HOUR + SECOND)
    assert home.state() == "on"


async def test_other_streams_are_away(home: Home) -> None:
    """The order book alone has the offers."""
    await start(home)
    await home.offers(OFFERS)
    home.market.control.refuse(503, what="stream")
    for stream in ("ticker", "trade"):
        await home.market.control.cut(stream)
    await eventually(lambda: home.state(PRICE) == "unavailable")
    await ask(home)
    assert home.messages == ["Charger is to start at 11:00."]


async def test_another_market_is_away(home: Home) -> None:
    """That is no reason not to ask."""
    await start(home)
    data = {"kind": "public", "host": f"{LOOPBACK}:{free_port(0)}", "plain": True}
    another = MockConfigEntry(domain=DOMAIN, unique_id="another", data=data)
    another.add_to_hass(home.hass)
    assert await home.hass.config_entries.async_setup(another.entry_id)
    assert home.state(f"{BOOK_STREAM}_2") == "off"
    await home.offers(OFFERS)
    await ask(home)
    assert home.messages == ["Charger is to start at 11:00."]
    assert await home.hass.config_entries.async_unload(another.entry_id)


async def test_no_market(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """What is wrong is said, and the load is ready all the same."""
    await start(home, market="0123456789abcdef")
    await ask(home)
    await home.to(LATEST + SECOND)
    assert home.state() == "on"
    assert "0123456789abcdef" in errors(caplog)[0]


async def test_the_last_choice(home: Home) -> None:
    """As long as there are two times to start at, it is the cheaper one."""
    await start(home)
    await home.to(LATEST - 20 * MINUTES)
    quarter = LATEST - 15 * MINUTES
    await home.offers({quarter: 0.1, quarter + HOUR: 0.9})
    await ask(home)
    await home.to(quarter - SECOND)
    assert home.state() == "off"
    await home.to(quarter + SECOND)
    assert home.state() == "on"


async def test_near_the_latest_start(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The market is not asked for a run that would not be ready."""
    await start(home, duration=50)
    await home.offers({})
    await ask(home)
    await home.to(READY - 50 * MINUTES + SECOND)
    assert home.state() == "on"
    assert errors(caplog) == []


async def test_the_entry_is_removed(home: Home) -> None:
    """It is ready all the same."""
    await start(home)
    await home.remove_entry()
    await ask(home)
    await home.to(LATEST + SECOND)
    assert home.state() == "on"
    await home.to(READY + MINUTES)
    assert home.state() == "off"


async def test_too_late(home: Home) -> None:
    """Where there is no time left it starts at once; the next day's time counts after that."""
    await start(home)
    await home.to(READY - 30 * MINUTES)
    await ask(home)
    assert home.state() == "on"
    await home.to(READY + 32 * MINUTES)
    assert home.state() == "off"
    await ask(home)
    await home.to(READY + 22 * HOUR)
    assert home.state() == "off"
    await home.to(READY + 23 * HOUR + MINUTES)
    assert home.state() == "on"


@pytest.mark.parametrize("crash", [False, True])
async def test_restart(home: Home, crash: bool) -> None:
    """Neither the plan nor the run is forgotten, and the run is as long as it was to be."""
    await start(home)
    await home.offers(OFFERS)
    await ask(home)
    await home.restart(crash=crash)
    await home.to(NOON + 2 * HOUR + SECOND)
    assert home.state() == "on"
    await home.wait(20)
    await home.restart(crash=crash)
    await home.to(NOON + 3 * HOUR - SECOND)
    assert home.state() == "on"
    await home.restart(crash=crash)
    await home.to(NOON + 3 * HOUR + MINUTES)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    assert home.notices == ["planned", "running", "finished"]


async def test_down_at_its_time(home: Home, clock: Any) -> None:
    """It runs late rather than not at all, and does not run on for having been away."""
    await start(home)
    await home.offers(OFFERS)
    await ask(home)
    await home.restart(meanwhile=lambda: clock.set(NOON + 2.5 * HOUR))
    await home.wait(1)
    assert home.state() == "on"
    await home.restart(meanwhile=lambda: clock.set(NOON + 4 * HOUR))
    await home.wait(1)
    assert home.state() == "off"


async def test_called_off(home: Home) -> None:
    """It does not run, or no longer."""
    await start(home)
    await home.offers(OFFERS)
    await ask(home)
    await home.call("input_boolean.turn_off", ASKED)
    await home.to(NOON + 2 * HOUR + SECOND)
    assert home.calls == []
    await ask(home)
    await home.offers({NOON + 3 * HOUR: 0.1})
    await home.to(NOON + 3 * HOUR + SECOND)
    assert home.state() == "on"
    await home.call("input_boolean.turn_off", ASKED)
    await home.wait(1)
    assert home.state() == "off"
    await home.to(READY)
    assert home.state() == "off"


async def test_by_hand(home: Home) -> None:
    """A load started by hand is the user's; one stopped by hand has run."""
    await start(home)
    await home.offers(OFFERS)
    await ask(home)
    await home.switch("on")
    await home.wait(1)
    assert (home.state(), home.state(ASKED)) == ("on", "off")
    assert home.notices == ["planned", "by_hand"]
    await home.to(NOON + 3 * HOUR)
    assert (home.state(), home.calls) == ("on", [])
    await home.switch("off")
    await ask(home)
    await home.to(LATEST + MINUTES)
    assert home.state() == "on"
    await home.switch("off")
    await home.wait(2)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    await home.to(READY + HOUR)
    assert home.state() == "off"


async def test_a_switch_fails(home: Home) -> None:
    """It is tried again until it works, to start and to stop; the run counts from when it does."""
    await start(home)
    await home.offers(OFFERS)
    await ask(home)
    home.failing = True
    await home.to(NOON + 2 * HOUR + 3 * MINUTES)
    assert home.state() == "off"
    await home.restart()
    home.failing = False
    await home.to(NOON + 2 * HOUR + 9 * MINUTES)
    assert home.state() == "on"
    home.failing = True
    await home.to(NOON + 3 * HOUR + 11 * MINUTES)
    assert home.state() == "on"
    await home.restart()
    home.failing = False
    await home.wait(5)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    assert home.notices == ["planned", "running", "finished"]


async def test_the_integration_is_gone(home: Home) -> None:
    """The load is ready also where the market's action is there no more."""
    await start(home)
    home.hass.services.async_remove("glocalflex", "get_run_costs")
    await ask(home)
    await home.to(LATEST - SECOND)
    assert home.state() == "off"
    await home.to(LATEST + SECOND)
    assert home.state() == "on"
