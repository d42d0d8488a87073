"""Triggers and the condition of deliveries: at their edges, before and after, once each."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import HomeAssistant

from .automations import Automations, Config, device_id, refusal, trigger
from .conftest import NOON, Clock, SetUp, eventually
from .messages import contract_status, order_status
from .test_area import stored, with_areas

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Deliveries:
    """Deliveries that the market tells of, and automations that follow them."""

    def __init__(
        self, hass: HomeAssistant, market: Simulator, entry: MockConfigEntry
    ) -> None:
        """Take what is set up."""
        self._hass = hass
        self._market = market
        self.entry = entry
        self._automations = Automations(hass)

    async def filled(
        self, start: datetime, end: datetime, order_id: str = "order-1"
    ) -> None:
        """Let an order of the user's be filled."""
        known = self.entry.runtime_data.deliveries.known
        count = len(known())
        window = {"delivery_start": start.isoformat(), "delivery_end": end.isoformat()}
        await self._market.control.send(
            "trade", order_status("filled", order_id, **window)
        )
        await eventually(lambda: len(known()) == count + 1)

    async def follow(self, name: str, **options: Any) -> None:
        """Set an automation up."""
        target = device_id(self._hass)
        await self._automations.add(trigger(name, target, **options))

    async def follow_while_active(self) -> None:
        """Set an automation up that runs on an event, where a delivery is active."""
        target = {"device_id": device_id(self._hass)}
        condition: Config = {"condition": f"{DOMAIN}.delivery_active", "target": target}
        event: Config = {"trigger": "event", "event_type": "asked"}
        await self._automations.add(event, conditions=[condition])

    async def is_active(self) -> bool:
        """Ask the condition."""
        self._hass.bus.async_fire("asked")
        return bool(await self._automations.runs())

    async def came(self) -> list[str]:
        """Return the orders whose deliveries set the automation off since the last call."""
        return [run["order_id"] for run in await self._automations.runs()]

    async def variables(self) -> list[Config]:
        """Return what the runs since the last call were told."""
        return await self._automations.runs()


@pytest.fixture
async def deliveries(
    clock: Clock,
    hass: HomeAssistant,
    market: Simulator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> Deliveries:
    """Set up an entry with an account and an area."""
    monkeypatch.setattr("custom_components.glocalflex.delivery_clock.INTERVAL", 0)
    await set_up(entry := with_areas(account_entry, stored()))
    return Deliveries(hass, market, entry)


async def test_started_and_ended(
    clock: Clock, hass: HomeAssistant, deliveries: Deliveries
) -> None:
    """Each edge fires once, by the clock, with all that is known of the delivery."""
    start, end = NOON + HOUR, NOON + 2 * HOUR
    await deliveries.filled(start, end)
    await deliveries.follow("delivery_started")
    await clock.move(hass, start - timedelta(seconds=1))
    assert await deliveries.came() == []
    await clock.move(hass, start)
    (run,) = await deliveries.variables()
    assert run == {
        "id": "0",
        "idx": "0",
        "alias": None,
        "platform": "glocalflex.delivery_started",
        "description": run["description"],
        "device_id": device_id(hass),
        "delivery_start": start.isoformat(),
        "delivery_end": end.isoformat(),
        "side": "sell",
        "price": 0.3,
        "power": 2000.0,
        "energy": 2.0,
        "order_id": "order-1",
        "contract_id": None,
        "status": "filled",
    }
    assert run["description"].startswith("the start of the delivery from 2026-05-05T")
    await clock.move(hass, end + HOUR)
    assert await deliveries.came() == []


@pytest.mark.parametrize(
    ("name", "options", "at"),
    [
        ("delivery_ended", {}, 2 * HOUR),
        ("delivery_started", {"offset": {"minutes": 10}}, 50 * MINUTE),
        (
            "delivery_started",
            {"offset": "00:10:00", "offset_type": "after"},
            70 * MINUTE,
        ),
        (
            "delivery_ended",
            {"offset": {"minutes": 5}, "offset_type": "before"},
            115 * MINUTE,
        ),
        (
            "delivery_ended",
            {"offset": {"hours": 2}, "offset_type": "after"},
            4 * HOUR,
        ),
    ],
)
async def test_offsets(
    clock: Clock,
    hass: HomeAssistant,
    deliveries: Deliveries,
    name: str,
    options: Config,
    at: timedelta,
) -> None:
    """So long before or after an edge, and at no other time."""
    await deliveries.filled(NOON + HOUR, NOON + 2 * HOUR)
    await deliveries.follow(name, **options)
    await clock.move(hass, NOON + at - timedelta(seconds=1))
    assert await deliveries.came() == []
    await clock.move(hass, NOON + at)
    assert await deliveries.came() == ["order-1"]
    await clock.move(hass, NOON + 6 * HOUR)
    assert await deliveries.came() == []


async def test_several(
    clock: Clock, hass: HomeAssistant, deliveries: Deliveries
) -> None:
    """Overlapping, adjoining and equal windows each fire."""
    await deliveries.follow("delivery_started", offset={"minutes": 1})
    await deliveries.filled(NOON + HOUR, NOON + 2 * HOUR, "a")
    await deliveries.filled(NOON + HOUR, NOON + 2 * HOUR, "b")
    await deliveries.filled(NOON + 2 * HOUR, NOON + 3 * HOUR, "c")
    await deliveries.filled(NOON + HOUR + MINUTE, NOON + 3 * HOUR, "d")
    await clock.move(hass, NOON + HOUR - MINUTE)
    assert await deliveries.came() == ["a", "b"]
    await clock.move(hass, NOON + HOUR)
    assert await deliveries.came() == ["d"]
    await clock.move(hass, NOON + 2 * HOUR - MINUTE)
    assert await deliveries.came() == ["c"]


async def test_told_late(
    clock: Clock, hass: HomeAssistant, market: Simulator, deliveries: Deliveries
) -> None:
    """A delivery that is told of past its moment counts while it runs, one that is over does not."""
    await deliveries.follow("delivery_started", offset={"minutes": 30})
    await deliveries.filled(NOON + 10 * MINUTE, NOON + HOUR, "soon")
    assert await deliveries.came() == ["soon"]
    await deliveries.filled(NOON - 10 * MINUTE, NOON + HOUR, "running")
    assert await deliveries.came() == ["running"]
    await deliveries.filled(NOON - HOUR, NOON - MINUTE, "over")
    assert await deliveries.came() == []
    # A contract that takes an order's place is the same delivery.
    window = {
        "delivery_start": (NOON + 10 * MINUTE).isoformat(),
        "delivery_end": (NOON + HOUR).isoformat(),
    }
    await market.control.send(
        "trade", contract_status("verification_initiated", order_id="soon", **window)
    )
    await eventually(lambda: bool(deliveries.entry.runtime_data.own.contracts))
    assert await deliveries.came() == []


async def test_ended_told_late(
    clock: Clock, hass: HomeAssistant, deliveries: Deliveries
) -> None:
    """The end of a delivery that was told of afterwards is no news."""
    await deliveries.follow("delivery_ended")
    await deliveries.filled(NOON - HOUR, NOON - MINUTE)
    await clock.move(hass, NOON + HOUR)
    assert await deliveries.came() == []


async def test_cancelled(
    clock: Clock, hass: HomeAssistant, market: Simulator, deliveries: Deliveries
) -> None:
    """What is cancelled before its moment does not fire."""
    await deliveries.filled(NOON + HOUR, NOON + 2 * HOUR)
    await deliveries.follow("delivery_started")
    await market.control.send("trade", order_status("cancelled"))
    known = deliveries.entry.runtime_data.deliveries.known
    await eventually(lambda: not known())
    await clock.move(hass, NOON + 3 * HOUR)
    assert await deliveries.came() == []


async def test_not_at_start_up(
    clock: Clock, hass: HomeAssistant, deliveries: Deliveries
) -> None:
    """A delivery that runs when the automation is loaded has started before."""
    await deliveries.filled(NOON - MINUTE, NOON + HOUR)
    await deliveries.follow("delivery_started")
    assert await deliveries.came() == []


async def test_reload_and_absence(
    clock: Clock, hass: HomeAssistant, deliveries: Deliveries
) -> None:
    """What comes while the entry is loaded anew is made up for, what a longer absence missed is not."""
    entry_id = deliveries.entry.entry_id
    await deliveries.filled(NOON + HOUR, NOON + 2 * HOUR, "one")
    await deliveries.filled(NOON + 3 * HOUR, NOON + 4 * HOUR, "two")
    await deliveries.follow("delivery_started")
    await clock.move(hass, NOON + HOUR - timedelta(seconds=2))
    for away in (timedelta(seconds=4), timedelta(hours=3)):
        assert await hass.config_entries.async_unload(entry_id)
        clock.set(NOON + HOUR - timedelta(seconds=2) + away)
        assert await hass.config_entries.async_setup(entry_id)
        await hass.async_block_till_done()
        assert await deliveries.came() == (["one"] if away < MINUTE else [])
    # Still followed.
    streams = deliveries.entry.runtime_data.streams
    await eventually(lambda: all(stream.connected for stream in streams.values()))
    await deliveries.filled(NOON + 5 * HOUR, NOON + 6 * HOUR, "three")
    await clock.move(hass, NOON + 5 * HOUR)
    assert await deliveries.came() == ["three"]


async def test_market_away(
    clock: Clock, hass: HomeAssistant, market: Simulator, deliveries: Deliveries
) -> None:
    """Deliveries are local facts: they start and end while the market is away."""
    await deliveries.filled(NOON + HOUR, NOON + 2 * HOUR)
    await deliveries.follow("delivery_ended")
    await market.stop()
    await clock.move(hass, NOON + 2 * HOUR)
    assert await deliveries.came() == ["order-1"]


async def test_condition(
    clock: Clock, hass: HomeAssistant, market: Simulator, deliveries: Deliveries
) -> None:
    """A delivery is active from its start until before its end, also while the market is away."""
    await deliveries.filled(NOON + HOUR, NOON + 2 * HOUR)
    await deliveries.follow_while_active()
    assert not await deliveries.is_active()
    await clock.move(hass, NOON + HOUR)
    assert await deliveries.is_active()
    await market.stop()
    await clock.move(hass, NOON + 2 * HOUR - timedelta(seconds=1))
    assert await deliveries.is_active()
    await clock.move(hass, NOON + 2 * HOUR)
    assert not await deliveries.is_active()
    await hass.config_entries.async_unload(deliveries.entry.entry_id)
    clock.set(NOON + HOUR)
    assert not await deliveries.is_active()


async def test_refused(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    account_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """What never can fire is refused in words."""
    await set_up(with_areas(account_entry, stored()))
    whole, area = device_id(hass), device_id(hass, "finland")
    for name in ("delivery_started", "delivery_ended"):
        why = await refusal(hass, hass_ws_client, triggers=trigger(name, area))
        assert "Finland is an area" in why
        for options in (
            {"offset": {"minutes": -1}},
            {"offset": {"days": 8}},
            {"offset_type": "during"},
        ):
            config = trigger(name, whole, **options)
            assert await refusal(hass, hass_ws_client, triggers=config)
    condition: Config = {
        "condition": f"{DOMAIN}.delivery_active",
        "target": {"device_id": area},
    }
    why = await refusal(hass, hass_ws_client, conditions=condition)
    assert "Finland is an area" in why
