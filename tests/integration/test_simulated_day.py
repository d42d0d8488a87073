"""A day of a living market with all blueprints at work: each decision equals a reckoning apart from them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.glocalflex.simulator import Settings, Simulator
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, ServiceCall
from homeassistant.util import dt as dt_util

from .conftest import PASSWORD, USERNAME, Clock, eventually
from .decisions import ByDelivery, ByPrice, ByQuarters, Once, Planned, Reckoner
from .home import (
    ACTIVE,
    DELIVERIES_AFTER,
    LOADS,
    MARKET,
    MINUTE,
    NEXT_START,
    NUMBER,
    OTHER_SWITCH,
    PRICE,
    STROKE,
    SWITCH,
    THERMOSTAT,
    Home,
    prepare,
)
from .reckoning import Document
from .test_reckoning import Watcher

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)

# A day of 23 hours: its night is that in which clocks go forward.
MIDNIGHT = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Helsinki"))
BEGIN = MIDNIGHT.astimezone(UTC) + MINUTE / 2

SLICE = 5
"""Seconds of trading after which everything is compared."""

ASKED = "input_boolean.asked"
PLUGGED_IN = "input_boolean.plugged_in"
CAR = "input_boolean.car"
DISHWASHER = "input_boolean.dishwasher"
POOL_PUMP = "input_boolean.pool_pump"

AUTOMATIONS: dict[str, dict[str, Any]] = {
    "run_while_cheap": {
        "price": PRICE,
        "limit": 0.5,
        "hysteresis": 0.03,
        "load": SWITCH,
        "least_on": 10,
        "least_off": 5,
        "patience": 15,
    },
    "pause_while_dear": {
        "price": PRICE,
        "limit": 0.65,
        "hysteresis": 0.03,
        "load": NUMBER,
        "value": 6,
        "least_off": 5,
        "least_on": 10,
        "longest": 45,
        "patience": 15,
    },
    "absorb_negative": {
        "price": PRICE,
        # Prices below zero are too rare here.
        "limit": 0.42,
        "loads": [POOL_PUMP, OTHER_SWITCH],
        "least_on": 3,
        "least_off": 4,
        "patience": 10,
    },
    "around_delivery": {
        "active": ACTIVE,
        "next_start": NEXT_START,
        "load": THERMOSTAT,
        "value": 18,
    },
    "shift_load": {
        "market": MARKET,
        "asked": ASKED,
        "load": DISHWASHER,
        "duration": 60,
        "power": 800,
        "ready_by": "07:00:00",
    },
    "charge_by": {
        "market": MARKET,
        "asked": PLUGGED_IN,
        "load": CAR,
        "minutes": 75,
        "power": 1500,
        "ready_by": "07:00:00",
    },
    "notify_own": {},
}

TITLES = {
    "filled": "Order filled",
    "settlement_completed_success": "Contract settled",
}


class DayHome(Home):
    """A home with an automation of each blueprint, named as the blueprint."""

    loads = {
        **LOADS,
        "input_boolean": {
            **LOADS["input_boolean"],
            "car": None,
            "dishwasher": None,
            "plugged_in": None,
            "pool_pump": None,
        },
        "input_text": {f"{name}_memory": None for name in AUTOMATIONS},
    }

    def __init__(self, *args: Any) -> None:
        """Have all automations."""
        super().__init__(*args)
        self.heard = 0
        """Messages of the market that became events."""

        self.asked: list[int] = []
        """The durations, in minutes, of runs whose costs the market was asked for."""

        self.told: dict[str, list[str]] = defaultdict(list)
        """Notices by automation."""

        for name, inputs in AUTOMATIONS.items():
            # What tells of own orders has a title in place of an event.
            notice = {
                "action": "test.notice",
                "data": {
                    "by": name,
                    "event": "{{ event | default(title, true) }}",
                    "message": "{{ message }}",
                },
            }
            memory = f"input_text.{name}_memory"
            self.add(name, name, notice=[notice], memory=memory, **inputs)

    def _listen(self) -> None:
        async def hear(_event: Event) -> None:
            self.heard += 1

        async def note(event: Event) -> None:
            if event.data["service"] == "get_run_costs":
                self.asked.append(event.data["service_data"]["duration"]["minutes"])

        for kind in ("trade", "order_expired", "order_status", "contract_status"):
            self.hass.bus.async_listen(f"glocalflex_{kind}", hear)
        self.hass.bus.async_listen("call_service", note)

    @property
    def last_price(self) -> float | None:
        """Return what the sensor shows."""
        shown = self.state(PRICE)
        return None if shown in (STATE_UNAVAILABLE, STATE_UNKNOWN) else float(shown)

    async def _notice(self, call: ServiceCall) -> None:
        self.told[call.data["by"]].append(call.data["event"])


class Day:
    """A day that goes by in a home, and what must be seen of it."""

    def __init__(self, home: DayHome, watcher: Watcher) -> None:
        """Begin with a price that is not known yet."""
        self.home = home
        self.watcher = watcher
        self.is_lost = False
        self.run = ByPrice(
            ("running", "stopped"),
            begins=lambda price: price < 0.5,
            ends=lambda price: price >= 0.53,
            least_set=10 * MINUTE,
            least_back=5 * MINUTE,
            patience=15 * MINUTE,
        )
        self.pause = ByPrice(
            ("paused", "resumed"),
            begins=lambda price: price > 0.65,
            ends=lambda price: price <= 0.62,
            least_set=5 * MINUTE,
            least_back=10 * MINUTE,
            longest=45 * MINUTE,
            patience=15 * MINUTE,
        )
        self.absorb = ByPrice(
            ("running", "stopped"),
            begins=lambda price: price < 0.42,
            ends=lambda price: price >= 0.42,
            least_set=3 * MINUTE,
            least_back=4 * MINUTE,
            patience=10 * MINUTE,
        )
        self.delivery = ByDelivery()
        self.shift = Once(duration=60 * MINUTE, power=800)
        self.charge = ByQuarters(duration=75 * MINUTE, power=1500)
        self.reckoners: dict[str, tuple[Reckoner, Callable[[], bool]]] = {
            "run_while_cheap": (self.run, lambda: home.state(SWITCH) == "on"),
            "pause_while_dear": (self.pause, lambda: float(home.state(NUMBER)) == 6),
            "absorb_negative": (
                self.absorb,
                lambda: home.state(OTHER_SWITCH) == "on",
            ),
            "around_delivery": (self.delivery, lambda: home.temperature == 18),
            "shift_load": (self.shift, lambda: home.state(DISHWASHER) == "on"),
            "charge_by": (self.charge, lambda: home.state(CAR) == "on"),
        }
        """With what tells whether the load is set."""

        self.own: list[str] = []
        """What must have been told of own orders and contracts."""

        self._price: float | None = None
        self._taken = len(home.market.journal)
        self._told = 0
        self._marks = 0

    async def until(self, hours: int, minutes: int = 0) -> None:
        """Let the day go on until a time by the clock."""
        end = MIDNIGHT.replace(hour=hours, minute=minutes).astimezone(UTC)
        while dt_util.utcnow() < end:
            minute = dt_util.utcnow().replace(second=0, microsecond=0) + MINUTE
            for moment in (minute + STROKE, minute + MINUTE / 2):
                await self.home.to(moment)
                self.judge()
            await self.trade()
            if not self.is_lost and minute.minute == 23:
                await self.ask(self.shift, ASKED)
            if not self.is_lost and minute.minute == 41:
                await self.ask(self.charge, PLUGGED_IN)

    async def trade(self) -> None:
        """Let the market go on for a minute, slice by slice, and its book arrive."""
        control = self.home.market.control
        for _ in range(60 // SLICE):
            await control.advance(SLICE)
            await self._arrive()
        # A book that has this order in it is the newest.
        self._marks += 1
        mark = 100 + self._marks / 1000
        await control.place_order(
            None,
            side="buy",
            power=mark,
            price=-9,
            expiry_time=control.now + 2 * MINUTE,
        )
        if not self.is_lost:
            whole = self.home.entry.runtime_data.parts.whole
            await eventually(
                lambda: (
                    self.watcher.holds(mark)
                    and whole.book is not None
                    and mark in [order.power for order in whole.book.bids]
                )
            )

    async def _arrive(self) -> None:
        """See what the market told arrive, and judge what follows from it."""
        news = [*self.home.market.journal][self._taken :]
        self._taken += len(news)
        if self.is_lost or not news:
            return
        self._told += len(news)
        await eventually(lambda: self.home.heard == self._told)
        for entry in news:
            self._hear(entry.document)
        if any(entry.stream == "trade" for entry in news):
            # Deliveries are reckoned anew at most so often.
            await asyncio.sleep(DELIVERIES_AFTER)
        await eventually(lambda: self.home.last_price == self._price)
        await self.home.settled()
        self.judge()

    def _hear(self, document: Document) -> None:
        match document["type"]:
            case "ticker_update":
                self._hear_price(document["data"]["price"])
            case "order_status_update":
                self.delivery.hear(dt_util.utcnow(), document)
        if (title := TITLES.get(document.get("name", ""))) is not None:
            self.own.append(title)

    def _hear_price(self, price: float | None) -> None:
        self._price = price
        for reckoner in (self.run, self.pause, self.absorb):
            reckoner.hear(dt_util.utcnow(), price)

    def judge(self) -> None:
        """Compare every load, and what was told, with what must be."""
        now = dt_util.utcnow()
        asked = self.home.asked
        self.home.asked = []
        if not self.is_lost:
            for planned, minutes in ((self.shift, 60), (self.charge, 15)):
                if minutes in asked:
                    planned.plan(now, self.watcher.frame)
                if not planned.is_idle:
                    planned.judge_plan(now)
        for name, (reckoner, is_set) in self.reckoners.items():
            try:
                reckoner.judge(now, is_set())
            except AssertionError as error:
                error.add_note(name)
                raise
            assert self.home.told[name] == reckoner.notices, (now, name)
        assert self.home.told["notify_own"] == self.own
        assert self.home.state(POOL_PUMP) == "on", "nobody is to switch it"

    @property
    def loads_set(self) -> set[str]:
        """Return the automations whose loads are set."""
        return {name for name, (_, is_set) in self.reckoners.items() if is_set()}

    # What happens beside the market.

    async def ask(self, reckoner: Planned, asked: str) -> None:
        """Have a load wait for the time that costs least, unless it does already."""
        if not reckoner.is_idle:
            return
        await self.home.call("input_boolean.turn_on", asked)
        ready_by = dt_util.now().replace(hour=7, minute=0, second=0)
        if ready_by < dt_util.now():
            ready_by += timedelta(days=1)
        reckoner.ask(ready_by.astimezone(UTC))
        self.judge()

    async def lose(self) -> None:
        """Have the market out of reach; it goes on."""
        await self.home.lose()
        self.is_lost = True
        self._hear_price(None)
        self.judge()

    async def find(self) -> None:
        """Have it within reach again: the trade of before counts as the last one."""
        await self.home.find()
        self.watcher.connect()
        self.is_lost = False
        self._hear_price(self.home.last_price)
        for reckoner in (self.shift, self.charge):
            reckoner.find(dt_util.utcnow())
        await self.trade()

    async def restart(self, *, crash: bool = False) -> None:
        """Have Home Assistant restart: no trade is known then."""
        await self.home.restart(crash=crash, is_lost=self.is_lost)
        self._hear_price(None)
        self.judge()


@pytest.fixture
async def market(clock: Clock) -> AsyncGenerator[Simulator]:
    """Run a market that trades, also for the account, as the test moves it."""
    clock.set(BEGIN)
    settings = Settings(
        seed=5,
        speed=0,
        start=BEGIN,
        warm_up=timedelta(minutes=12),
        orders_per_minute=6,
        own_orders_per_minute=0.06,
        book_interval=0.001,
        users={USERNAME: PASSWORD},
        token_lifetime=timedelta(days=2),
    )
    async with Simulator(settings) as simulator:
        yield simulator


@pytest.fixture
async def day(
    clock: Clock,
    market: Simulator,
    tmp_path: Path,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Day]:
    """Begin a day in a home with all automations."""
    prepare(tmp_path, monkeypatch)
    watcher = Watcher(market)
    watcher.connect()
    home = DayHome(tmp_path, market, clock, hass_storage)
    await home.begin()
    await home.call("input_number.set_value", NUMBER, value=16)
    await home.call("input_boolean.turn_on", POOL_PUMP)
    await eventually(lambda: bool(watcher.frame))
    yield Day(home, watcher)
    await home.stop()
    await watcher.stop()


# Longer than other tests: a whole day.
@pytest.mark.timeout(400)
async def test_day(day: Day) -> None:
    """Every decision is the right one, and each is taken, through outages, restarts and crashes."""
    await day.until(2, 13)
    await day.restart()
    await day.until(6, 10)
    # Too short an outage to stop anything.
    assert day.loads_set >= {"run_while_cheap", "absorb_negative"}
    await day.lose()
    await day.until(6, 16)
    assert day.loads_set >= {"run_while_cheap", "absorb_negative"}
    await day.find()
    await day.until(9, 14)
    assert day.loads_set >= {"around_delivery"}
    await day.restart(crash=True)
    await day.until(11)
    # Long enough, with a crash in it.
    assert day.loads_set >= {"run_while_cheap"}
    await day.lose()
    await day.until(11, 12)
    await day.restart(crash=True)
    await day.until(11, 40)
    assert "run_while_cheap" not in day.loads_set
    await day.find()
    await day.until(14, 40)
    await day.restart()
    await day.until(16, 42)
    assert day.loads_set >= {"shift_load", "pause_while_dear", "run_while_cheap"}
    await day.restart(crash=True)
    await day.until(19, 44)
    assert day.loads_set >= {"pause_while_dear"}
    await day.lose()
    await day.until(20, 10)
    assert "pause_while_dear" not in day.loads_set
    await day.find()
    await day.until(23, 59)
    for name, (reckoner, _) in day.reckoners.items():
        assert len(reckoner.notices) > 10, name
    assert {*day.own} == {*TITLES.values()}
