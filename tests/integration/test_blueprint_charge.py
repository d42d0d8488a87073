"""The blueprint that charges a car by a time: what must happen to it, and what must not."""

from datetime import datetime, timedelta
import logging
from random import Random
from typing import Any

import pytest

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .conftest import NOON, Clock
from .home import MARKET, MEMORY, NUMBER, SWITCH, Home, home

__all__ = ["home"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
MINUTES = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
ASKED = "input_boolean.asked"
PLUG = "binary_sensor.plug"
TIME_TO_FULL = "sensor.time_to_full"

# Noon is NOON in UTC; the car is to be charged five hours later, and needs three quarters of one.
READY = NOON + 5 * HOUR
# Quarters are counted from noon; this is the last one before that.
LAST = 19
CHEAPEST = [5, 9, 14]
OFFERS = dict.fromkeys(range(1, LAST + 1), 0.5) | {5: 0.1, 9: 0.3, 14: 0.2}


async def start(home: Home, **inputs: object) -> None:
    """Have a car that waits until it is asked for."""
    inputs = {
        "market": MARKET,
        "asked": ASKED,
        "load": SWITCH,
        "minutes": 45,
        "ready_by": f"{READY:%H:%M:%S}",
        "memory": MEMORY,
        **inputs,
    }
    await home.start("charge_by", **inputs)


@pytest.fixture(autouse=True)
def in_utc(home: Home) -> None:
    """Let local time be that of the market's messages."""
    home.time_zone = "UTC"


async def offer(home: Home, prices: dict[int, float]) -> None:
    """Have power offered in some quarters, and nothing else."""
    await home.offers({NOON + n * QUARTER: p for n, p in prices.items()}, QUARTER)


async def ask(home: Home) -> None:
    """Ask for the car to be charged."""
    await home.call("input_boolean.turn_on", ASKED)


async def plug(home: Home, state: str) -> None:
    """Have the sensor of the plug say something, for a second at least."""
    home.hass.states.async_set(PLUG, state)
    await home.wait(SECOND / MINUTES)


def passed() -> timedelta:
    """Return how long ago noon was."""
    return dt_util.utcnow() - NOON


async def charged(home: Home, until: int) -> list[int]:
    """Let time pass to the beginning of a quarter; return those in which the car charged.

    What is due by the clock may come a minute late.
    """
    found = []
    for quarter in range(passed() // QUARTER, until):
        before = NOON + quarter * QUARTER + MINUTES + SECOND
        if dt_util.utcnow() < before:
            await home.to(before)
        was = home.state()
        await home.to(NOON + (quarter + 1) * QUARTER - SECOND)
        assert home.state() == was, quarter
        if was == "on":
            found.append(quarter)
    await home.wait(SECOND / MINUTES)
    return found


async def test_the_cheapest_quarters(home: Home) -> None:
    """It charges in the cheapest quarters of an hour, which need not adjoin, and no longer."""
    await start(home)
    await offer(home, OFFERS)
    assert await charged(home, 1) == []
    assert home.notices == []
    await ask(home)
    assert home.messages == ["Charger is to charge for 45 min by 14:00."]
    assert await charged(home, 15) == CHEAPEST
    await home.wait(1)
    assert (home.state(), home.state(ASKED), home.state(MEMORY)) == ("off", "off", "")
    assert await charged(home, LAST + 3) == []
    assert [call[0] for call in home.calls] == ["turn_on", "turn_off"] * 3
    assert home.messages[1:] == [
        "Charger charges.",
        "Charger pauses, with 30 min left to charge.",
        "Charger charges.",
        "Charger pauses, with 15 min left to charge.",
        "Charger charges.",
        "Charger has charged.",
    ]
    assert home.notices == [
        "planned",
        *["charging", "paused"] * 2,
        "charging",
        "finished",
    ]


async def test_offers_change(home: Home) -> None:
    """The plan follows what is offered, up to two minutes before a quarter; not within one."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.to(NOON + 5 * QUARTER - 2.5 * MINUTES)
    await offer(home, OFFERS | {5: 0.6, 6: 0.1})
    assert await charged(home, 6) == []
    await home.to(NOON + 6 * QUARTER + 2 * MINUTES)
    # The quarter that runs is no longer offered, others have become cheaper.
    await offer(home, {7: 0.1, 17: -0.1, 18: 0.0})
    assert await charged(home, LAST + 1) == [6, 17, 18]


async def test_power_for_the_price(home: Home) -> None:
    """The price is that of the whole power: the cheapest offer alone may be too small."""
    await start(home, power=2_000_000, minutes=15)
    await home.offers({NOON + HOUR: 0.1, NOON + 2 * HOUR: 0.4})
    await ask(home)
    assert await charged(home, LAST + 1) == [LAST]


def reckoned(prices: dict[int, dict[int, float]], minutes: float) -> list[int]:
    """Return when the car should charge, given what was offered before each quarter."""
    found = []
    for quarter in range(1, LAST + 1):
        count = -(-(minutes - 2) // 15)
        offers = prices[quarter]
        by_price = sorted((price, n) for n, price in offers.items() if n >= quarter)
        cheapest = [n for _, n in by_price]
        latest = [n for n in range(LAST, quarter - 1, -1) if n not in offers]
        if minutes > 0 and quarter in [*cheapest, *latest][: int(count)]:
            found.append(quarter)
            minutes -= 15
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_a_market_that_moves(home: Home, seed: int) -> None:
    """Each quarter of an afternoon is decided as it should be, by what is offered before it."""
    random = Random(seed)
    await start(home, minutes=105)
    prices: dict[int, dict[int, float]] = {}

    async def moves() -> dict[int, float]:
        offers = {
            n: round(random.gauss(0.2, 0.3), 2)
            for n in range(passed() // QUARTER + 1, LAST + 1)
            if random.random() < 0.6
        }
        await offer(home, offers)
        return offers

    await ask(home)
    found = []
    for quarter in range(1, LAST + 1):
        before = NOON + quarter * QUARTER
        await home.to(before - 4 * MINUTES)
        prices[quarter] = await moves()
        await home.to(before - MINUTES)
        await moves()
        await home.to(before + 2 * MINUTES)
        if home.state() == "on":
            found.append(quarter)
    assert found == reckoned(prices, 105)
    await home.to(READY + MINUTES)
    assert home.state(ASKED) == "off"


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged as an error."""
    return [r.message for r in caplog.records if r.levelno >= logging.ERROR]


async def test_nothing_is_offered(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """It charges as late as it can, and is ready, also where the offers have gone."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await offer(home, {})
    assert await charged(home, LAST + 1) == [17, 18, 19]
    await home.wait(1)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    assert errors(caplog) == []


async def test_too_little_is_offered(home: Home) -> None:
    """Quarters with an offer come first, whatever it is; then the last ones."""
    await start(home)
    await offer(home, {4: 9.0})
    await ask(home)
    assert await charged(home, 10) == [4]
    await offer(home, {12: 11.0})
    assert await charged(home, LAST + 1) == [12, 19]


@pytest.mark.parametrize(
    ("minutes", "quarters", "at_last"), [(20, [5], "on"), (32, [5, 14], "off")]
)
async def test_not_on_a_quarter(
    home: Home, minutes: int, quarters: list[int], at_last: str
) -> None:
    """The time of day need not be one that the market knows: the last quarter is shorter then."""
    ready_by = READY + 5 * MINUTES
    await start(home, ready_by=f"{ready_by:%H:%M:%S}", minutes=minutes)
    await offer(home, OFFERS | {20: -0.1})
    await ask(home)
    assert await charged(home, 15) == quarters
    await home.to(READY + MINUTES)
    assert home.state() == at_last
    await home.to(ready_by + MINUTES)
    assert (home.state(), home.state(ASKED)) == ("off", "off")


@pytest.mark.parametrize(("minutes", "quarters"), [(2, [5]), (17, [5]), (18, [5, 14])])
async def test_the_rest(home: Home, minutes: int, quarters: list[int]) -> None:
    """It stops when it has charged. For up to two minutes it goes on, and does not start once more."""
    await start(home, minutes=minutes)
    await offer(home, OFFERS)
    await ask(home)
    assert await charged(home, quarters[-1]) == quarters[:-1]
    end = NOON + quarters[-1] * QUARTER + (minutes - 15 * len(quarters[:-1])) * MINUTES
    await home.to(end - SECOND)
    assert home.state() == "on"
    await home.to(end + MINUTES + SECOND)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    assert len(home.calls) == 2 * len(quarters)


async def test_the_market_is_away(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """The plan that was made holds; without one it charges as late as it can. No line is logged."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.lose()
    caplog.clear()
    assert await charged(home, 15) == CHEAPEST
    await home.wait(1)
    await ask(home)
    assert await charged(home, LAST + 1) == [17, 18, 19]
    assert errors(caplog) == []


async def test_away_and_a_switch_fails(home: Home) -> None:
    """What is missing is charged as late as it can be, beside what was chosen."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.lose()
    home.failing = True
    await home.to(NOON + 5 * QUARTER + 5 * MINUTES)
    home.failing = False
    await home.wait(2)
    assert await charged(home, LAST) == CHEAPEST
    await home.to(NOON + LAST * QUARTER + 5 * MINUTES)
    assert home.state() == "on"
    await home.wait(4)
    assert (home.state(), home.state(ASKED)) == ("off", "off")


async def test_the_entry_is_removed(home: Home) -> None:
    """The plan that was made holds, and the car is charged all the same."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.remove_entry()
    assert await charged(home, 15) == CHEAPEST
    await home.wait(1)
    await ask(home)
    assert await charged(home, LAST + 1) == [17, 18, 19]


async def test_the_action_is_gone(home: Home) -> None:
    """The car is charged also where the market cannot be asked at all."""
    await start(home)
    home.hass.services.async_remove("glocalflex", "get_run_costs")
    await ask(home)
    assert await charged(home, LAST + 1) == [17, 18, 19]
    await home.wait(1)
    assert home.state() == "off"


async def test_the_action_fails(home: Home) -> None:
    """The car is charged at once where it has to be, whatever the market says to it."""
    await start(home)

    async def fails(call: ServiceCall) -> ServiceResponse:
        raise HomeAssistantError("There is no book")

    home.hass.services.async_register(
        "glocalflex",
        "get_run_costs",
        fails,
        supports_response=SupportsResponse.ONLY,
    )
    await home.to(READY - 44 * MINUTES)
    await ask(home)
    assert home.state() == "on"


async def test_too_late(home: Home, clock: Clock) -> None:
    """Where there is no time left it charges at once, to the end; then it is the next day's time."""
    await start(home)
    await offer(home, OFFERS)
    await home.to(READY - 30 * MINUTES)
    await ask(home)
    assert home.state() == "on"
    assert home.notices == ["planned", "charging"]
    await home.to(READY + 15 * MINUTES - SECOND)
    assert home.state() == "on"
    await home.wait(1.5)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    await ask(home)
    assert await charged(home, LAST + 2) == []
    await clock.move(home.hass, READY + 23 * HOUR)
    assert await charged(home, LAST + 1 + 96) == [
        LAST - 2 + 96,
        LAST - 1 + 96,
        LAST + 96,
    ]


async def restart(home: Home, offers: dict[int, float], **how: Any) -> None:
    """Restart; what is offered has to be said again."""
    await home.restart(**how)
    await offer(home, offers)


@pytest.mark.parametrize("crash", [False, True])
async def test_restart(home: Home, crash: bool) -> None:
    """Neither the plan nor what has been charged is forgotten, also without the market."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.lose()
    await home.restart(crash=crash, is_lost=True)
    await home.to(NOON + 5 * QUARTER + 7 * MINUTES)
    assert home.state() == "on"
    await home.restart(crash=crash, is_lost=True)
    assert await charged(home, 7) == [5]
    await home.restart(crash=crash, is_lost=True)
    await home.to(NOON + 9 * QUARTER + SECOND)
    await home.restart(crash=crash, is_lost=True)
    assert await charged(home, 15) == [9, 14]
    await home.wait(1)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    assert home.notices == [
        "planned",
        *["charging", "paused"] * 2,
        "charging",
        "finished",
    ]


async def test_down_over_a_quarter(home: Home, clock: Clock) -> None:
    """What was missed is charged later, in the cheapest quarters that are left."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    later = NOON + 6 * QUARTER + MINUTES
    await restart(home, OFFERS | {17: 0.4}, meanwhile=lambda: clock.set(later))
    assert await charged(home, LAST + 1) == [9, 14, 17]


async def test_down_while_it_charges(home: Home, clock: Clock) -> None:
    """The time counts if the load is on after it as well, and it does not charge on for it."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.to(NOON + 5 * QUARTER + 10 * MINUTES)
    later = NOON + 7 * QUARTER
    await restart(home, OFFERS, meanwhile=lambda: clock.set(later))
    await home.wait(1)
    assert home.state() == "off"
    assert await charged(home, 15) == [14]
    await home.wait(1)
    assert (home.state(), home.state(ASKED)) == ("off", "off")


@pytest.mark.parametrize("crash", [False, True])
async def test_power_failure(home: Home, clock: Clock, crash: bool) -> None:
    """A charger that is off after a restart was not stopped by hand, and goes on."""
    await start(home, minutes=30)
    await offer(home, OFFERS)
    await ask(home)
    await home.to(NOON + 5 * QUARTER + 7 * MINUTES + SECOND)

    def fails() -> None:
        home.kept("input_boolean.charger", "off")
        clock.set(NOON + 5 * QUARTER + 8 * MINUTES)

    await restart(home, OFFERS, crash=crash, meanwhile=fails)
    assert home.state() == "on"
    assert await charged(home, 15) == [5, 14]
    await home.wait(2)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    assert home.notices == ["planned", "charging", "paused", "charging", "finished"]


@pytest.mark.parametrize(("away", "quarters"), [(1, [9]), (4, [7, 9])])
async def test_a_charger_that_comes_late(
    home: Home, clock: Clock, away: int, quarters: list[int]
) -> None:
    """It is waited for after a restart, so that its time counts; but for two minutes only."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.to(NOON + 5 * QUARTER + 4 * MINUTES)

    def goes_on() -> None:
        home.lines["charger"] = "cut"
        clock.set(NOON + 6 * QUARTER + 5 * MINUTES)

    await restart(home, OFFERS, meanwhile=goes_on)
    await home.wait(away)
    await home.mend("charger")
    await home.wait(4)
    assert home.state() == "off"
    assert await charged(home, 14) == quarters
    await home.to(NOON + 14 * QUARTER + 12 * MINUTES)
    assert (home.state(), home.state(ASKED)) == ("off", "off")


async def test_off_after_hours(home: Home, clock: Clock) -> None:
    """Of a time in which the load was seen on only before, five and a half minutes count."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.to(NOON + 5 * QUARTER + 4 * MINUTES)

    def fails() -> None:
        home.kept("input_boolean.charger", "off")
        clock.set(NOON + 9 * QUARTER + MINUTES)

    await restart(home, OFFERS | {13: 0.4}, meanwhile=fails)
    assert home.state() == "on"
    assert await charged(home, 14) == [9, 13]
    await home.to(NOON + 14 * QUARTER + 7 * MINUTES)
    assert home.state() == "on"
    await home.wait(2)
    assert (home.state(), home.state(ASKED)) == ("off", "off")


async def test_a_switch_fails(home: Home) -> None:
    """It is tried again until it works, to start and to stop; the time counts while it is seen on."""
    await start(home, minutes=30)
    await offer(home, OFFERS)
    await ask(home)
    home.failing = True
    await home.to(NOON + 5 * QUARTER + 3 * MINUTES)
    assert home.state() == "off"
    await restart(home, OFFERS)
    home.failing = False
    await home.wait(4)
    assert home.state() == "on"
    home.failing = True
    await home.to(NOON + 6 * QUARTER + 3 * MINUTES)
    assert home.state() == "on"
    await restart(home, OFFERS)
    home.failing = False
    await home.wait(5)
    assert home.state() == "off"
    assert home.notices == ["planned", "charging", "paused"]
    # What could not be stopped has charged all the same.
    assert await charged(home, 14) == []
    await home.to(NOON + 14 * QUARTER + 10 * MINUTES)
    assert home.state() == "on"
    home.failing = True
    await home.wait(10)
    assert home.state() == "on"
    home.failing = False
    await home.wait(5)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    assert home.notices[3:] == ["charging", "finished"]


async def test_a_switch_fails_for_a_quarter(home: Home) -> None:
    """The quarter is made up for. One that fails to stop until it is to start goes on."""
    await start(home)
    offers = OFFERS | {16: 0.4}
    await offer(home, offers)
    await ask(home)
    home.failing = True
    await home.to(NOON + 6 * QUARTER + MINUTES)
    home.failing = False
    assert await charged(home, 9) == []
    await home.to(NOON + 9 * QUARTER + 5 * MINUTES)
    home.failing = True
    await offer(home, offers | {11: 0.2})
    await home.to(NOON + 11 * QUARTER + 5 * MINUTES)
    home.failing = False
    assert await charged(home, LAST + 1) == [11]
    assert home.notices == ["planned", "charging", "finished"]


async def test_by_hand_on(home: Home) -> None:
    """A charger that is switched on by hand is left on; what it charges counts."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.to(NOON + 2 * QUARTER)
    await home.switch("on")
    await home.wait(1)
    assert home.notices == ["planned", "by_hand"]
    assert home.messages[-1] == "Charger was switched on by hand, and is left so."
    await home.to(NOON + 3 * QUARTER + SECOND)
    await restart(home, OFFERS)
    await home.wait(1)
    assert home.state() == "on"
    await home.switch("off")
    # A quarter and a minute are less to charge: the dearest of the three is left out.
    assert await charged(home, 15) == [5, 14]
    await home.wait(1)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    assert home.notices[2:] == ["charging", "paused", "charging", "finished"]


async def test_by_hand_on_to_the_end(home: Home) -> None:
    """It is not switched off when all has been charged, nor when it is called off."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.to(NOON + 2 * QUARTER)
    await home.switch("on")
    await home.to(NOON + 5 * QUARTER - MINUTES)
    assert home.state(ASKED) == "on"
    await home.to(NOON + 5 * QUARTER + 2 * MINUTES)
    assert (home.state(), home.state(ASKED), home.state(MEMORY)) == ("on", "off", "")
    assert home.notices == ["planned", "by_hand", "finished"]
    await home.switch("off")
    await ask(home)
    await home.wait(3)
    await home.switch("on")
    await home.wait(2)
    await home.call("input_boolean.turn_off", ASKED)
    await home.wait(2)
    assert (home.state(), home.state(MEMORY)) == ("on", "")
    assert home.calls == []


async def test_by_hand_off(home: Home) -> None:
    """A charger that is switched off by hand is left off; a moment is none."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    await home.to(NOON + 5 * QUARTER + 3.2 * MINUTES)
    await home.switch("off")
    await home.wait(0.2)
    await home.switch("on")
    await home.wait(2)
    assert home.notices == ["planned", "charging"]
    await home.switch("off")
    await home.wait(2)
    assert (home.state(), home.state(ASKED), home.state(MEMORY)) == ("off", "off", "")
    assert home.messages[-1] == "Charger was switched off by hand, and is left so."
    assert await charged(home, LAST + 1) == []
    assert home.notices == ["planned", "charging", "by_hand"]


async def test_called_off(home: Home) -> None:
    """It does not charge, or no longer; what is asked for after that is asked for anew."""
    await start(home, minutes=30)
    await offer(home, OFFERS)
    await ask(home)
    await home.call("input_boolean.turn_off", ASKED)
    assert home.state(MEMORY) == ""
    assert await charged(home, 6) == []
    await ask(home)
    assert await charged(home, 10) == [9]
    await home.to(NOON + 14 * QUARTER + 5 * MINUTES)
    await home.call("input_boolean.turn_off", ASKED)
    assert (home.state(), home.state(MEMORY)) == ("off", "")
    assert home.notices == ["planned"] * 2 + ["charging", "paused", "charging"]
    await offer(home, {})
    await ask(home)
    assert await charged(home, LAST + 1) == [18, 19]


async def test_a_sensor_of_the_plug(home: Home) -> None:
    """It is only read: charged once for each time that the car is plugged in."""
    await start(home, asked=PLUG, minutes=15)
    await plug(home, "off")
    await offer(home, OFFERS)
    await plug(home, "on")
    assert await charged(home, 10) == [5]
    assert home.memory == "done"
    await plug(home, STATE_UNAVAILABLE)
    await home.wait(2)
    await plug(home, "off")
    await home.wait(0.5)
    await plug(home, "on")
    assert await charged(home, 12) == []
    await plug(home, "off")
    await home.wait(2)
    assert home.state(MEMORY) == ""
    await plug(home, "on")
    await home.to(NOON + 14 * QUARTER + 5 * MINUTES)
    assert home.state() == "on"
    # A sensor that has no contact for a moment does not end it, nor does one that is away.
    await plug(home, "off")
    await home.wait(0.5)
    await plug(home, STATE_UNAVAILABLE)
    await home.wait(3)
    assert home.state() == "on"
    await plug(home, "off")
    await home.wait(2)
    assert (home.state(), home.state(MEMORY)) == ("off", "")
    assert home.notices == ["planned", "charging", "finished", "planned", "charging"]


async def test_unplugged(home: Home) -> None:
    """A charger that goes off when the car is unplugged was not switched off by hand."""
    await start(home, asked=PLUG)
    await plug(home, "on")
    await offer(home, OFFERS)
    await home.to(NOON + 5 * QUARTER + 5.5 * MINUTES)
    await plug(home, "off")
    await home.switch("off")
    await home.wait(2)
    assert home.state(MEMORY) == ""
    assert home.notices == ["planned", "charging"]


async def test_a_charger_that_starts_by_itself(home: Home) -> None:
    """What is on when the car is plugged in, or soon after, is switched off until it is cheap."""
    await start(home, asked=PLUG)
    await offer(home, OFFERS)
    await home.switch("on")
    await plug(home, "on")
    await home.wait(1)
    assert home.state() == "off"
    await plug(home, "off")
    await home.wait(2)
    await plug(home, "on")
    await home.wait(1.7)
    await home.switch("on")
    assert home.state() == "off"
    assert await charged(home, 15) == CHEAPEST
    assert home.notices[:5] == ["planned", "paused"] * 2 + ["charging"]


@pytest.mark.parametrize("comes_back", ["on", "off"])
async def test_a_charger_out_of_reach(home: Home, comes_back: str) -> None:
    """It was not switched off by hand. What it may have charged meanwhile does not count."""
    await start(home, minutes=30)
    await offer(home, OFFERS)
    await ask(home)
    await home.to(NOON + 5 * QUARTER + 4.5 * MINUTES)
    await home.cut("charger")
    await home.switch(comes_back)
    await home.wait(4)
    await home.mend("charger")
    await home.wait(4)
    assert home.state() == "on"
    assert await charged(home, 14) == [5, 9]
    # Four minutes, and what it took to try again.
    await home.to(NOON + 14 * QUARTER + 4 * MINUTES - SECOND)
    assert home.state() == "on"
    await home.wait(5)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    assert home.notices == [
        "planned",
        *["charging", "paused"] * 2,
        "charging",
        "finished",
    ]


async def test_out_of_reach_at_its_time(home: Home) -> None:
    """It is switched on, and off, as soon as it can be reached."""
    await start(home, minutes=30)
    await offer(home, OFFERS)
    await ask(home)
    await home.cut("charger")
    await home.to(NOON + 5 * QUARTER + 3 * MINUTES)
    assert home.calls == []
    await home.mend("charger")
    assert home.state() == "on"
    await home.to(NOON + 6 * QUARTER - MINUTES)
    await home.cut("charger")
    await home.to(NOON + 7 * QUARTER)
    await home.mend("charger")
    await home.wait(5)
    assert home.state() == "off"


async def test_a_number(home: Home) -> None:
    """A current is set to one value while it charges, and to another else."""
    await start(home, load=NUMBER, value=16, idle_value=6)
    await home.call("input_number.set_value", NUMBER, value=10)
    await offer(home, OFFERS)
    await ask(home)
    await home.to(NOON + 5 * QUARTER + SECOND)
    assert home.state(NUMBER) == "16.0"
    await home.to(NOON + 6 * QUARTER + SECOND)
    assert home.state(NUMBER) == "6.0"
    await home.to(NOON + 9 * QUARTER + 5 * MINUTES)
    await home.call("input_number.set_value", NUMBER, value=8)
    await home.wait(2)
    assert home.notices[-1] == "by_hand"
    await home.to(READY + HOUR)
    assert home.state(NUMBER) == "8.0"
    assert home.calls == [("set_value", NUMBER, v) for v in (16, 6, 16)]


ENTITY = {"active_choice": "Entity", "Entity": TIME_TO_FULL, "Number": 60}


@pytest.mark.parametrize(
    ("given", "state", "unit"),
    [
        ("30", "", ""),
        ({"active_choice": "Number", "Number": 30, "Entity": TIME_TO_FULL}, "", ""),
        (TIME_TO_FULL, "30", None),
        (ENTITY, "30", "min"),
        (ENTITY, "0.5", "h"),
        (ENTITY, "1800", "s"),
    ],
)
async def test_charging_time(
    home: Home, given: object, state: str, unit: str | None
) -> None:
    """The time is a number or an entity, as one writes it and as the editor does."""
    await start(home, minutes=given)
    home.hass.states.async_set(TIME_TO_FULL, state, {"unit_of_measurement": unit})
    await ask(home)
    assert home.messages == ["Charger is to charge for 30 min by 14:00."]
    # What it says while the car charges is another thing.
    home.hass.states.async_set(TIME_TO_FULL, "999")
    await home.wait(15)
    assert home.state(MEMORY).split()[2] == "1800"


@pytest.mark.parametrize("state", ["unavailable", "unknown", None])
async def test_charging_time_unknown(home: Home, state: str | None) -> None:
    """It is waited for, but for ten minutes at most: then all the time that there is counts."""
    await start(home, minutes=ENTITY)
    if state is not None:
        home.hass.states.async_set(TIME_TO_FULL, state)
    await ask(home)
    await home.wait(8)
    assert home.calls == []
    await home.wait(4)
    assert home.state() == "on"
    await home.to(READY - SECOND)
    assert home.state() == "on"
    await home.wait(2)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
    assert home.notices == ["planned", "charging", "finished"]


async def test_charging_time_comes(home: Home) -> None:
    """A car that needs no charging waits; it is planned for as soon as it needs some."""
    await start(home, minutes=TIME_TO_FULL)
    home.hass.states.async_set(TIME_TO_FULL, "0")
    await ask(home)
    await home.wait(15)
    assert home.notices == []
    home.hass.states.async_set(TIME_TO_FULL, "unknown")
    await home.wait(9)
    assert home.notices == []
    home.hass.states.async_set(TIME_TO_FULL, "20")
    await home.wait(SECOND / MINUTES)
    assert home.notices == ["planned"]


async def test_the_memory_cannot_be_written(home: Home) -> None:
    """The car is not charged then: nobody would know when to end."""
    await start(home, memory="input_text.short")
    await home.to(READY - 30 * MINUTES)
    await ask(home)
    await home.to(READY + HOUR)
    assert home.calls == []


async def test_the_memory_is_unavailable(home: Home) -> None:
    """What is being charged is not known then: nothing is done, and nothing forgotten."""
    await start(home)
    await offer(home, OFFERS)
    await ask(home)
    remembered = home.state(MEMORY)
    home.hass.states.async_set(MEMORY, STATE_UNAVAILABLE)
    runs = home.runs()
    await home.to(NOON + 5 * QUARTER + 6 * MINUTES)
    assert (runs, home.calls) == ([], [])
    home.hass.states.async_set(MEMORY, remembered)
    await home.settled()
    assert await charged(home, 14) == [5, 6, 9]


@pytest.mark.parametrize(
    ("night", "quarters"), [(datetime(2026, 3, 28), 92), (datetime(2026, 10, 24), 100)]
)
async def test_daylight_saving(
    home: Home, clock: Clock, night: datetime, quarters: int
) -> None:
    """A night is an hour shorter or longer: the plan still fits, and the car is ready."""
    home.time_zone = "Europe/Helsinki"
    evening = night.replace(hour=20, tzinfo=dt_util.get_time_zone(home.time_zone))
    clock.set(evening)
    await start(home, ready_by="20:00:00")
    await ask(home)
    assert home.state() == "off"
    await home.offers({evening + QUARTER: 0.1}, QUARTER)
    await home.to(evening + QUARTER + SECOND)
    assert home.state() == "on"
    await home.to(evening + 2 * QUARTER + MINUTES)
    ready = dt_util.as_utc(evening) + quarters * QUARTER
    await clock.move(home.hass, ready - 31 * MINUTES)
    await home.to(ready - 30 * MINUTES - SECOND)
    assert home.state() == "off"
    await home.to(ready - 30 * MINUTES + SECOND)
    assert home.state() == "on"
    await home.to(ready - SECOND)
    assert home.state() == "on"
    await home.to(ready + MINUTES)
    assert (home.state(), home.state(ASKED)) == ("off", "off")
