"""Tests of a living market: every figure of every area equals a reckoning apart from the integration."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import ClientSession
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Settings, Simulator
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import (
    list_statistic_ids,
    statistics_during_period,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util

from .conftest import PASSWORD, USERNAME, Clock, SetUp, eventually
from .reckoning import (
    QUARTER,
    Definition,
    Document,
    Figures,
    Part,
    curve_figures,
    curve_series,
    quarter_of,
)
from .test_area import stored, with_areas

# Its midnight comes at 9:30 UTC, where no hour of the statistics ends.
ZONE = ZoneInfo("Pacific/Marquesas")
DAY = datetime(2026, 5, 5, tzinfo=UTC)

STEP = 72
"""Seconds. Of the ends of quarters every second one is met exactly, the others are stepped over."""

LEAD = timedelta(seconds=36)
"""The market's clock is so far ahead: half the messages are older when they arrive, half newer."""

AREAS: dict[str, Definition] = {
    "Finland": {"country_codes": ["FI"]},
    "South": {"country_codes": ["ES", "FR"], "size": 5000.0},
    "Grid point": {"location_ids": ["DE-1", "FI-2"], "size": 20_000.0},
    # Where no trader goes: few orders, and a forward curve with gaps.
    "Remote": {"location_ids": ["CH-9"], "size": 500.0},
    "Large": {"least_power": 1500.0, "size": 2500.0},
    "Soon": {"horizon": 1.0, "includes_unlocated": True},
    "Rhine": {"country_codes": ["CH", "DE", "FR"], "includes_unlocated": True},
    "Nowhere": {"country_codes": ["AT"]},
}


def defined(**fields: Any) -> Definition:
    """Return what an area's form holds beside the name; what is not given is the form's default."""
    return {
        "country_codes": [],
        "location_ids": [],
        "least_power": 0.0,
        "size": 1000.0,
        "includes_unlocated": False,
        **fields,
    }


# Where and when the traders' orders never are: those are in a country, and for the
# whole of an hour that begins within the next two and a quarter.
ODD_PLACES: tuple[dict[str, Any] | None, ...] = (
    None,
    {"country_code": "", "location_id": ["DE-1"]},
    {"country_code": "FI", "location_id": ["FI-1", "FI-2"]},
    {"country_code": "CH", "location_id": ["CH-9"]},
    {"country_code": "ES", "location_id": [None]},
)
ODD_WINDOWS = tuple(
    (timedelta(minutes=ahead), timedelta(minutes=length))
    for ahead, length in (
        (15, 45),
        (30, 75),
        # To the end of the forward curve, and beyond.
        (22 * 60, 8 * 60),
        # Not by the quarter of an hour, and less than one.
        (67, 50),
        (62, 11),
        (5 * 60, 30),
        (60, 15),
    )
)


class Watcher:
    """A client of the market's order book that is none of the integration's."""

    def __init__(self, market: Simulator) -> None:
        """Watch a market."""
        self._url = f"ws://{market.host}/api/v1/ws/orderbook"
        self._task: asyncio.Task[None] | None = None
        self.frame: Document = {}
        """The newest, as it was sent."""

    def connect(self) -> None:
        """Watch until the market ends it."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Watch no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def holds(self, power: float) -> bool:
        """Tell whether there is an order of a power in the book."""
        return any(
            order["power"] == power
            for levels in self.frame.get("data", {}).values()
            for level in levels.values()
            for order in level
        )

    async def _watch(self) -> None:
        async with ClientSession() as session, session.ws_connect(self._url) as socket:
            async for message in socket:
                frame = message.json()
                if frame["type"] == "orderbook_update":
                    self.frame = frame


class Run:
    """Home Assistant and a market that go on together, and what must be seen of it."""

    def __init__(
        self,
        hass: HomeAssistant,
        clock: Clock,
        market: Simulator,
        entry: MockConfigEntry,
        watcher: Watcher,
    ) -> None:
        """Begin with an entry that has just been set up."""
        self.hass = hass
        self.clock = clock
        self.market = market
        self.entry = entry
        self.watcher = watcher
        self.book_is_cut = False
        self.parts = {
            entry.entry_id: Part(None),
            **{
                identifier: Part(defined(**AREAS[area.title]))
                for identifier, area in entry.subentries.items()
            },
        }
        self.known: set[tuple[str, str]] = set()
        """What had a value at times: a part's identifier, and the figure's name."""

        self.missing: set[tuple[str, str]] = set()
        """What had none at times."""

        self._taken = len(market.journal)
        self._told = 0
        self._heard = 0
        self._odd = 0
        self._checks = 0

        @callback
        def hear(_event: Event) -> None:
            self._heard += 1

        for kind in ("trade", "order_expired"):
            hass.bus.async_listen(f"glocalflex_{kind}", hear)

    # What happens.

    async def until(self, time: str, step: float = STEP) -> None:
        """Go on step by step until a time of the day, in UTC."""
        hours, minutes = time.split(":")
        end = DAY + timedelta(hours=int(hours), minutes=int(minutes))
        while dt_util.utcnow() < end:
            await self.tick(step)
            await self.trade(step)

    async def tick(self, seconds: float = STEP) -> None:
        """Let Home Assistant's clock go on; what a quarter's end changes must be seen at once."""
        before = dt_util.utcnow()
        await self.clock.move(self.hass, before + timedelta(seconds=seconds))
        if quarter_of(dt_util.utcnow()) != quarter_of(before):
            await self.check()

    async def trade(self, seconds: float = STEP) -> None:
        """Let the market go on, and compare when all has arrived."""
        await self.move_market(seconds)
        for entry in self._news():
            self._told += 1
            for part in self.parts.values():
                part.take(entry, dt_util.utcnow())
        await eventually(lambda: self._heard == self._told)
        await self.check()

    async def move_market(self, seconds: float) -> None:
        """Let the market go on, with an order in it that is none of the traders', and see it arrive."""
        control = self.market.control
        await control.advance(seconds)
        self._odd = number = self._odd + 1
        place = ODD_PLACES[number % len(ODD_PLACES)]
        ahead, length = ODD_WINDOWS[number % len(ODD_WINDOWS)]
        start = quarter_of(control.now) + QUARTER + ahead
        window: Document = {"delivery_start": start, "delivery_end": start + length}
        if number % 3 == 0:
            price = round(0.6 - number % 11 / 10, 2)
            power = 100.0 + number * 700 % 9000
            await control.trade(price, power, location=place, **window)
        # No two powers are alike, so that the book that has it is known to be the newest.
        power = (40_000 if number % 3 == 1 else 900) + number / 1000
        await control.place_order(
            None,
            side="buy" if number % 2 else "sell",
            power=power,
            price=0.4 if number % 2 else 0.9,
            expiry_time=None if number % 4 < 2 else control.now + timedelta(minutes=4),
            location=place,
            **window,
        )
        if not self.book_is_cut:
            await eventually(lambda: self.watcher.holds(power))

    def _news(self) -> list[Document]:
        """Return what the market has told everybody since it was asked last."""
        news = [*self.market.journal][self._taken :]
        self._taken += len(news)
        return [entry.document for entry in news if entry.stream == "ticker"]

    async def leave(self) -> None:
        """Let the entry be unloaded."""
        assert await self.hass.config_entries.async_unload(self.entry.entry_id)

    async def pass_by(self, seconds: float, step: float = 120) -> None:
        """Let the market go on while the entry is away."""
        for _ in range(round(seconds / step)):
            await self.clock.move(self.hass, dt_util.utcnow() + timedelta(seconds=step))
            await self.move_market(step)

    async def come_back(self) -> None:
        """Let the entry be set up again; what happened meanwhile it is not told."""
        self._news()
        for part in self.parts.values():
            part.restart()
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()
        await self.streams_connected()
        await self.check()

    async def streams_connected(self) -> None:
        """Wait until all streams work."""
        streams = self.entry.runtime_data.streams
        await eventually(lambda: all(stream.connected for stream in streams.values()))

    async def cut_book(self) -> None:
        """Let the order book's stream break, and stay away."""
        self.market.control.refuse(503, what="stream")
        await self.market.control.cut("orderbook")
        self.book_is_cut = True
        await self.check()

    async def mend_book(self) -> None:
        """Let the order book's stream come back."""
        self.market.control.refuse(None)
        self.watcher.connect()
        await self.clock.move(self.hass, dt_util.utcnow() + timedelta(seconds=STEP))
        await self.streams_connected()
        self.book_is_cut = False
        await self.trade()

    # What a user does to areas.

    def named(self, name: str) -> ConfigSubentry:
        """Return an area."""
        (found,) = (
            area for area in self.entry.subentries.values() if area.title == name
        )
        return found

    async def add(self, name: str, **fields: Any) -> None:
        """Add an area."""
        await self._fill_in({"source": "user"}, name, defined(**fields))
        self.parts[self.named(name).subentry_id] = Part(defined(**fields))
        await self.check()

    async def change(
        self, name: str, new_name: str | None = None, **fields: Any
    ) -> None:
        """Change something of an area."""
        identifier = self.named(name).subentry_id
        self.parts[identifier].change(dt_util.utcnow(), **fields)
        await self._fill_in(
            {"source": "reconfigure", "subentry_id": identifier},
            new_name or name,
            self.parts[identifier].definition,
        )
        await self.check()

    def change_unseen(self, name: str, **fields: Any) -> None:
        """Change something of an area while the entry is away."""
        area = self.named(name)
        data = {**area.data, **fields}
        self.hass.config_entries.async_update_subentry(self.entry, area, data=data)
        self.parts[area.subentry_id].change(dt_util.utcnow(), **fields)

    async def remove(self, name: str) -> None:
        """Remove an area, with all that there is of it."""
        identifier = self.named(name).subentry_id
        assert self.hass.config_entries.async_remove_subentry(self.entry, identifier)
        await self.hass.async_block_till_done()
        del self.parts[identifier]
        assert not self._entities(identifier)
        assert name not in {
            device.name
            for device in dr.async_entries_for_config_entry(
                dr.async_get(self.hass), self.entry.entry_id
            )
        }
        await self.check_statistics()
        await self.check()

    async def _fill_in(
        self, context: Any, name: str, definition: Definition | None
    ) -> None:
        """Walk through an area's form."""
        assert definition is not None
        flows = self.hass.config_entries.subentries
        shown = await flows.async_init((self.entry.entry_id, "area"), context=context)
        answer = await flows.async_configure(
            shown["flow_id"], {"name": name, **definition}
        )
        assert answer["type"] in ("create_entry", "abort"), answer
        await self.hass.async_block_till_done()
        self.named(name)

    # What is seen.

    async def check(self) -> None:
        """Compare every figure of every part of the market, and one part's forward curve."""
        now = dt_util.utcnow()
        expected = {
            identifier: self._expected(part, now)
            for identifier, part in self.parts.items()
        }
        entities = {identifier: self._entities(identifier) for identifier in self.parts}
        for identifier, figures in expected.items():
            keys = {name for name in figures if "." not in name}
            if identifier == self.entry.entry_id:
                # The whole market has entities of the streams and of own orders too.
                assert keys <= entities[identifier].keys()
            else:
                assert keys == entities[identifier].keys()
            for name, value in figures.items():
                if value is None or value in ([], STATE_UNAVAILABLE):
                    self.missing.add((identifier, name))
                else:
                    self.known.add((identifier, name))

        def differences() -> dict[str, tuple[object, object]]:
            return {
                f"{self._title(identifier)}: {name}": (shown, value)
                for identifier, figures in expected.items()
                for name, value in figures.items()
                if (shown := self._shown(entities[identifier], name, value)) != value
            }

        with suppress(TimeoutError):
            await eventually(lambda: not differences())
        assert not differences(), f"at {now}"
        self._checks += 1
        await self.check_curve([*self.parts][self._checks % len(self.parts)])

    def _expected(self, part: Part, now: datetime) -> Figures:
        """Reckon all that a part of the market must show."""
        book = part.book(self.watcher.frame)
        figures = book.figures(part.size) | curve_figures(book.curve(now), now, ZONE)
        if self.book_is_cut:
            figures = {
                name: None if "." in name else STATE_UNAVAILABLE for name in figures
            }
        return figures | part.market_data(now, ZONE)

    async def check_curve(self, identifier: str) -> None:
        """Compare a part's forward curve, as the action answers."""
        entity_id = self._entities(identifier)["best_ask"]
        entity = er.async_get(self.hass).async_get(entity_id)
        assert entity is not None
        asked = self.hass.services.async_call(
            DOMAIN,
            "get_forward_curve",
            {"device_id": entity.device_id},
            blocking=True,
            return_response=True,
        )
        if self.book_is_cut:
            with pytest.raises(HomeAssistantError, match="order book is not known"):
                await asked
            return
        curve = self.parts[identifier].book(self.watcher.frame).curve(dt_util.utcnow())
        assert await asked == curve_series(curve, ZONE)

    async def check_statistics(self) -> None:
        """Compare what the database holds of every part, and that it holds nothing else."""
        now = dt_util.utcnow()
        expected = {
            f"glocalflex:{identifier.lower()}_{kind}": rows
            for identifier, part in self.parts.items()
            for kind, rows in part.statistics(now).items()
            if rows
        }
        await async_wait_recording_done(self.hass)
        recorder = get_instance(self.hass)
        listed = await recorder.async_add_executor_job(list_statistic_ids, self.hass)
        assert {row["statistic_id"] for row in listed} == expected.keys()
        found = await recorder.async_add_executor_job(
            statistics_during_period,
            self.hass,
            DAY,
            None,
            {*expected},
            "hour",
            None,
            {"mean", "min", "max", "state", "sum"},
        )
        assert {
            identifier: [
                {
                    name: value
                    for name, value in row.items()
                    if name != "end" and value is not None
                }
                for row in rows
            ]
            for identifier, rows in found.items()
        } == expected

    def assert_telling(self) -> None:
        """Make sure that each figure of each area was there to be compared, and thin books too."""
        figures = {name for _, name in self.known}
        never = {(part, name) for part in self.parts for name in figures} - self.known
        assert {part for part, _ in never} == {self.named("Nowhere").subentry_id}
        assert {"last_price", "best_ask", "buy_price"} <= {name for _, name in never}
        points = self.named("Two points").subentry_id
        assert {(points, "buy_price"), (points, "sell_price")} <= self.missing

    def _title(self, identifier: str) -> str:
        """Return the name of a part of the market."""
        area = self.entry.subentries.get(identifier)
        return area.title if area else "the whole market"

    def _entities(self, identifier: str) -> dict[str, str]:
        """Return the entities of a part of the market, by key."""
        return {
            entity.unique_id.removeprefix(f"{identifier}_"): entity.entity_id
            for entity in er.async_entries_for_config_entry(
                er.async_get(self.hass), self.entry.entry_id
            )
            if entity.unique_id.startswith(f"{identifier}_")
        }

    def _shown(
        self, entities: Mapping[str, str], name: str, expected: object
    ) -> object:
        """Return what is shown of a figure, of the kind that is expected."""
        key, _, attribute = name.partition(".")
        state = self.hass.states.get(entities[key])
        assert state is not None, name
        if attribute:
            value = state.attributes.get(attribute)
        else:
            value = None if state.state == STATE_UNKNOWN else state.state
        if attribute.startswith("raw_") and value is not None:
            return [
                {
                    "start": element["start"].isoformat(),
                    "end": element["end"].isoformat(),
                    "value": element["value"],
                }
                for element in value
            ]
        if isinstance(expected, datetime) and isinstance(value, str):
            # Of several events at once Home Assistant dates each a millisecond later.
            return datetime.fromisoformat(value).replace(microsecond=0)
        if not attribute and value is not None:
            with suppress(ValueError):
                return float(value)
        return value


@pytest.fixture(autouse=True)
def prompt(all_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Show everything, and soon."""
    module = "custom_components.glocalflex"
    monkeypatch.setattr(f"{module}.notifier.INTERVAL", 0.01)
    monkeypatch.setattr(f"{module}.curve_sensor.LIST_INTERVAL", 0.01)
    monkeypatch.setattr(f"{module}.market.client.BOOK_INTERVAL", 0.0)
    # To a clock that jumps every answer is too late.
    monkeypatch.setattr(f"{module}.market.stream.HEARTBEAT", None)


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Keep states and events out of the database, where statistics are all that is looked for."""
    kinds = ("trade", "order_expired", "order_status", "contract_status")
    return {
        "exclude": {
            "domains": ["binary_sensor", "event", "sensor"],
            "event_types": [f"glocalflex_{kind}" for kind in kinds],
        }
    }


@pytest.fixture
def begin() -> datetime:
    """Return when a test begins, by Home Assistant's clock."""
    return DAY + timedelta(hours=8, minutes=51, seconds=36)


@pytest.fixture
async def market(clock: Clock, begin: datetime) -> AsyncGenerator[Simulator]:
    """Run a market that trades in all pilot countries, and for the account, as a test moves it."""
    clock.set(begin)
    settings = Settings(
        seed=11,
        speed=0,
        start=begin + LEAD,
        warm_up=timedelta(minutes=12),
        orders_per_minute=60,
        own_orders_per_minute=1,
        book_interval=0.02,
        users={USERNAME: PASSWORD},
        token_lifetime=timedelta(days=1),
    )
    async with Simulator(settings) as simulator:
        yield simulator


@pytest.fixture
async def watcher(market: Simulator) -> AsyncGenerator[Watcher]:
    """Watch the market's order book."""
    watcher = Watcher(market)
    watcher.connect()
    yield watcher
    await watcher.stop()


@pytest.fixture
async def run(
    recorder_mock: Recorder,
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    watcher: Watcher,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> Run:
    """Set up an entry with areas."""
    await hass.config.async_set_time_zone(str(ZONE))
    areas = [stored(name=name, **defined(**area)) for name, area in AREAS.items()]
    await set_up(entry := with_areas(account_entry, *areas))
    await eventually(lambda: bool(watcher.frame))
    run = Run(hass, clock, market, entry, watcher)
    await run.check()
    return run


async def test_two_hours(run: Run) -> None:
    """Every figure is right throughout, whatever happens to areas, the entry and the order book."""
    await run.until("8:56")
    await run.add("Big soon", horizon=1.5, least_power=1000.0, size=4000.0)
    await run.until("9:04")
    await run.check_statistics()
    await run.change("Finland", country_codes=["CZ", "DE"])
    await run.until("9:10")
    # Only what a size costs is another.
    await run.change("South", size=750.0)
    await run.until("9:14")
    await run.change("Grid point", "Two points")
    await run.until("9:17")
    await run.cut_book()
    await run.until("9:20")
    await run.mend_book()
    # Over midnight.
    await run.until("9:36")
    await run.remove("Large")
    await run.until("9:40")
    await run.leave()
    await run.come_back()
    await run.until("9:54")
    await run.leave()
    await run.pass_by(600)
    await run.come_back()
    await run.check_statistics()
    await run.until("10:40", step=2 * STEP)
    await run.change("Big soon", horizon=3.0, least_power=600.0)
    await run.remove("Rhine")
    await run.until("11:02", step=2 * STEP)
    await run.check_statistics()
    run.assert_telling()


@pytest.mark.parametrize("begin", [DAY + timedelta(hours=9, minutes=20, seconds=10)])
async def test_long_absences(run: Run) -> None:
    """Midnight and whole hours may pass, and areas be defined anew, while the entry is away."""
    await run.until("9:26")
    await run.leave()
    await run.pass_by(480)
    run.change_unseen("Finland", country_codes=["CH", "FI"])
    await run.come_back()
    await run.until("10:03", step=2 * STEP)
    await run.check_statistics()
    await run.leave()
    await run.pass_by(2 * 3600, step=600)
    await run.come_back()
    await run.check_statistics()
    await run.until("12:30", step=180)
    await run.leave()
    await run.come_back()
    await run.until("13:01", step=180)
    await run.check_statistics()
