"""A home with loads and one automation made from a blueprint, which restarts as a real one does."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_test_home_assistant,
)

from custom_components.glocalflex import delivery_clock
from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.market import stream as stream_module
from custom_components.glocalflex.simulator import Simulator
from homeassistant import loader
from homeassistant.components import automation
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, frame
from homeassistant.helpers.restore_state import RestoreStateData
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .conftest import NOON, USERNAME, Clock, eventually
from .messages import at, book_order, order_book, order_status

BLUEPRINTS = Path(__file__).parents[2] / "blueprints" / "automation" / "glocalflex"

ACTIVE = "binary_sensor.glocalflex_delivery_active"
NEXT_START = "sensor.glocalflex_next_delivery_start"
PRICE = "sensor.glocalflex_last_price"
MEMORY = "input_text.memory"
SWITCH = "switch.charger"
OTHER_SWITCH = "switch.boiler"
THERMOSTAT = "climate.living_room"
NUMBER = "input_number.current"
LIMIT = "input_number.limit"


@dataclass(frozen=True)
class DeviceOf:
    """As an input: the device of an entity."""

    entity_id: str


MARKET = DeviceOf(PRICE)

MINUTE = timedelta(minutes=1)
# What comes on the minute comes within this of it.
STROKE = timedelta(seconds=0.9)
DELIVERIES_AFTER = 0.02

# A number is a device's own matter, a switch is a plug that can fail.
LOADS: dict[str, Any] = {
    "input_boolean": {"charger": None, "boiler": None, "heater": None, "asked": None},
    "input_text": {"memory": None, "short": {"max": 10}},
    "input_number": {
        "current": {"min": 0, "max": 32, "step": 1},
        "limit": {"min": -1, "max": 1, "step": 0.01},
    },
    "template": [
        {
            "switch": [
                {
                    "name": name.capitalize(),
                    "state": f"{{{{ is_state('input_boolean.{name}', 'on') }}}}",
                    "availability": f"{{{{ not is_state('sensor.{name}_line', 'cut') }}}}",
                    "turn_on": {
                        "action": "plug.turn_on",
                        "data": {"entity_id": f"input_boolean.{name}"},
                    },
                    "turn_off": {
                        "action": "plug.turn_off",
                        "data": {"entity_id": f"input_boolean.{name}"},
                    },
                }
                for name in ("charger", "boiler")
            ]
        }
    ],
    "climate": {
        "platform": "generic_thermostat",
        "name": "Living room",
        "heater": "input_boolean.heater",
        "target_sensor": "sensor.room",
    },
}


class Home:
    """A Home Assistant with an automation, of which everything but the market can be had again."""

    hass: HomeAssistant
    entry: MockConfigEntry
    loads = LOADS

    def __init__(
        self, config_dir: Path, market: Simulator, clock: Clock, storage: dict[str, Any]
    ) -> None:
        """Know the market and where to keep what survives."""
        self.market = market
        self.notices: list[str] = []
        """What was told, by the event's name."""
        self.messages: list[str] = []
        self.calls: list[tuple[str, str, Any]] = []
        """Every action that was called on a load: its name, the load, its value."""
        self.time_zone = "Europe/Helsinki"
        self.subentries: list[ConfigSubentryData] = []
        """Areas and price signals, as they are kept."""
        self.failing = False
        """Whether the plugs refuse."""
        self.lines: dict[str, str] = {}
        """Whether a plug can be reached."""
        self._config_dir = config_dir
        self._clock = clock
        self._storage = storage
        self._stack = AsyncExitStack()
        self._automations: list[dict[str, Any]] = []

    async def start(self, blueprint: str, **inputs: object) -> None:
        """Set up the automation in a Home Assistant that has just started; an input of None is not given."""
        self.add("Ours", blueprint, **inputs)
        await self.begin()

    def add(self, alias: str, blueprint: str, **inputs: object) -> None:
        """Have one more automation."""
        notice = {
            "action": "test.notice",
            "data": {"by": alias, "event": "{{ event }}", "message": "{{ message }}"},
        }
        given = {"notice": [notice], **inputs}
        self._automations.append(
            {
                "alias": alias,
                "use_blueprint": {
                    "path": f"glocalflex/{blueprint}.yaml",
                    "input": {k: v for k, v in given.items() if v is not None},
                },
            }
        )

    async def begin(self) -> None:
        """Start Home Assistant, with the heating on."""
        await self._boot()
        await self.connected()
        await self.call("climate.set_hvac_mode", THERMOSTAT, hvac_mode="heat")
        await self.call("climate.set_temperature", THERMOSTAT, temperature=21)

    async def restart(
        self,
        *,
        crash: bool = False,
        is_lost: bool = False,
        meanwhile: Callable[[], Awaitable[None] | None] | None = None,
    ) -> None:
        """Stop Home Assistant, or have it fall over, and start another with what is on disk.

        The market may be lost then.
        """
        await self._halt(crash=crash)
        if meanwhile is not None:
            happens = meanwhile()
            if happens is not None:
                await happens
        await self._boot()
        if not is_lost:
            await self.connected()

    async def stop(self) -> None:
        """Stop Home Assistant for good."""
        await self._halt()

    async def _boot(self) -> None:
        self._stack = AsyncExitStack()
        self.hass = hass = await self._stack.enter_async_context(
            async_test_home_assistant(
                config_dir=str(self._config_dir), initial_state=CoreState.not_running
            )
        )
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        await hass.config.async_set_time_zone(self.time_zone)
        frame.async_setup(hass)
        hass.states.async_set("sensor.room", "15")
        for plug, line in self.lines.items():
            hass.states.async_set(f"sensor.{plug}_line", line)
        for name in ("turn_on", "turn_off"):
            hass.services.async_register("plug", name, self._plug)
        hass.services.async_register("test", "notice", self._notice)
        for domain in ("homeassistant", *self.loads):
            assert await async_setup_component(hass, domain, self.loads), domain
        self._listen()
        self.entry = MockConfigEntry(
            domain=DOMAIN,
            title=USERNAME,
            entry_id="ours",
            unique_id=f"{self.market.host} {USERNAME.lower()}",
            data={
                "kind": "account",
                "host": self.market.host,
                "plain": True,
                "username": USERNAME,
                "password": "open sesame",
            },
            subentries_data=self.subentries,
        )
        self.entry.add_to_hass(hass)
        assert await async_setup_component(hass, DOMAIN, {})
        await self._set_up_automations()
        assert {state.state for state in hass.states.async_all("automation")} == {"on"}
        await hass.async_start()
        await self.settled()

    async def _halt(self, *, crash: bool = False) -> None:
        written = self._stored()
        await RestoreStateData.async_save_persistent_states(self.hass)
        if crash:
            # Devices are what they are; of the memory there is what was written before.
            self._storage["core.restore_state"]["data"] = [
                stored
                for entity_id, kept in self._stored().items()
                if (
                    stored := written.get(entity_id)
                    if entity_id.startswith("input_text.")
                    else kept
                )
            ]
        disk = dict(self._storage)
        self.subentries = [kept.as_dict() for kept in self.entry.subentries.values()]
        if self.entry.state is ConfigEntryState.LOADED:
            await self.hass.config_entries.async_unload(self.entry.entry_id)
        # In a test nothing may be left behind.
        await self.hass.services.async_call(
            "automation", "turn_off", {"entity_id": "all"}, blocking=True
        )
        await self.hass.async_stop(force=True)
        if crash:
            self._storage.clear()
            self._storage.update(disk)
        await self._stack.aclose()

    def _stored(self) -> dict[str, Any]:
        """Return what is on disk of each entity."""
        data = self._storage.get("core.restore_state", {"data": []})["data"]
        return {stored["state"]["entity_id"]: stored for stored in data}

    async def _set_up_automations(self) -> None:
        """Make the automations, with a device's id where an input asks for it."""
        config: list[dict[str, Any]] = []
        for made in self._automations:
            blueprint = made["use_blueprint"]
            inputs = {
                name: self._device_id(value) if isinstance(value, DeviceOf) else value
                for name, value in blueprint["input"].items()
            }
            config.append({**made, "use_blueprint": {**blueprint, "input": inputs}})
        assert await async_setup_component(
            self.hass, automation.DOMAIN, {automation.DOMAIN: config}
        )

    def _device_id(self, device: DeviceOf) -> str:
        entity = er.async_get(self.hass).async_get(device.entity_id)
        assert entity is not None
        assert entity.device_id is not None
        return entity.device_id

    def _listen(self) -> None:
        hass = self.hass

        async def note(event: Any) -> None:
            data = event.data["service_data"]
            if event.data["domain"] in ("test", "plug", "input_text", "homeassistant"):
                return
            entities = data.get("entity_id")
            for entity in entities if isinstance(entities, list) else [entities]:
                value = data.get(
                    "value", data.get("temperature", data.get("hvac_mode"))
                )
                if entity in (SWITCH, OTHER_SWITCH, THERMOSTAT, NUMBER):
                    self.calls.append((event.data["service"], entity, value))

        hass.bus.async_listen("call_service", note)

    async def _plug(self, call: ServiceCall) -> None:
        if self.failing:
            raise HomeAssistantError("The plug does not answer")
        await self.hass.services.async_call(
            "input_boolean", call.service, dict(call.data), blocking=True
        )

    async def _notice(self, call: ServiceCall) -> None:
        self.notices.append(call.data["event"])
        self.messages.append(call.data["message"])

    def state(self, entity_id: str = SWITCH) -> str:
        """Return an entity's state."""
        found = self.hass.states.get(entity_id)
        return "gone" if found is None else found.state

    @property
    def temperature(self) -> float:
        """Return what the thermostat is set to."""
        found = self.hass.states.get(THERMOSTAT)
        assert found is not None
        return float(found.attributes["temperature"])

    @property
    def memory(self) -> str:
        """Return the first word of the memory."""
        return (self.state(MEMORY).split() or [""])[0]

    async def call(self, action: str, entity_id: str, **data: object) -> None:
        """Do something by hand; it is not counted among the automation's calls."""
        domain, name = action.split(".")
        calls = list(self.calls)
        await self.hass.services.async_call(
            domain, name, {"entity_id": entity_id, **data}, blocking=True
        )
        self.calls[:] = calls
        await self.settled()

    async def switch(self, to: str, entity_id: str = SWITCH) -> None:
        """Press a load's own button."""
        await self.call(f"input_boolean.turn_{to}", f"input_boolean.{entity_id[7:]}")

    async def price(self, price: float) -> None:
        """Have a trade, and what follows from it."""
        traffic = self.entry.runtime_data.traffic["ticker"]
        before = traffic.messages
        await self.market.control.trade(price)
        # The same price may be shown already.
        await eventually(lambda: traffic.messages > before)
        await eventually(lambda: self.state(PRICE) == str(float(price)))
        await self.settled()

    async def delivery(
        self, start: datetime, end: datetime, name: str = "order-1", **fields: object
    ) -> None:
        """Have an order filled whose delivery is to come."""
        window = {"delivery_start": start.isoformat(), "delivery_end": end.isoformat()}
        await self.say(order_status("filled", name, **window, **fields))

    async def say_status(self, status: str, name: str) -> None:
        """Have an order come to something else, a minute later."""
        later = (dt_util.utcnow() + MINUTE).isoformat()
        await self.say(at(order_status(status, name), later))

    async def say(self, message: dict[str, Any]) -> None:
        """Have the market say something on the trade stream, and what follows from it."""
        traffic = self.entry.runtime_data.traffic["trade"]
        before = traffic.messages
        await self.market.control.send("trade", message)
        await eventually(lambda: traffic.messages > before)
        # Deliveries are reckoned anew at most so often.
        await asyncio.sleep(DELIVERIES_AFTER)
        await self.settled()

    async def offers(
        self, prices: dict[datetime, float], length: timedelta = 60 * MINUTE
    ) -> None:
        """Have power offered for some hours, by their start, and nothing else."""
        asks = [
            book_order(
                price,
                side="sell",
                power=1e6,
                energy=1e6,
                delivery_start=start.isoformat(),
                delivery_end=(start + length).isoformat(),
            )
            for start, price in prices.items()
        ]
        await self.market.control.send("orderbook", order_book({}, {"1": asks}))
        await eventually(
            lambda: self.state("sensor.glocalflex_ask_orders") == str(len(asks))
        )
        await self.settled()

    async def to(self, time: datetime) -> None:
        """Let time pass, minute by minute."""
        minute = dt_util.utcnow().replace(second=0, microsecond=0) + MINUTE
        while minute <= time:
            await self._clock.move(self.hass, minute + STROKE)
            await self.settled()
            minute += MINUTE
        if time > dt_util.utcnow():
            await self._clock.move(self.hass, time)
            await self.settled()

    async def wait(self, minutes: float) -> None:
        """Let time pass, minute by minute."""
        await self.to(dt_util.utcnow() + minutes * MINUTE)

    async def settled(self) -> None:
        """Wait until nothing is under way, the automation's runs among it."""
        for _ in range(3):
            await asyncio.sleep(0)
            await self.hass.async_block_till_done()
        await eventually(lambda: not self._is_running)
        await self.hass.async_block_till_done()

    @property
    def _is_running(self) -> bool:
        return any(
            automation.attributes.get("current")
            for automation in self.hass.states.async_all("automation")
        )

    async def connected(self) -> None:
        """Wait until all streams work, and that shows."""
        streams = self.entry.runtime_data.streams
        await eventually(lambda: all(s.connected for s in streams.values()))
        await eventually(lambda: self.state(PRICE) != STATE_UNAVAILABLE)
        await self.settled()

    async def lose(self) -> None:
        """Have the market go away."""
        await self.market.stop()
        await eventually(lambda: self.state(PRICE) == STATE_UNAVAILABLE)
        await self.settled()

    async def find(self) -> None:
        """Have the market come back."""
        await self.market.start()
        await self.connected()

    def kept(self, entity_id: str, state: str) -> None:
        """Change what is on disk of an entity: it changes while Home Assistant is down."""
        for stored in self._storage["core.restore_state"]["data"]:
            if stored["state"]["entity_id"] == entity_id:
                stored["state"]["state"] = state

    async def cut(self, plug: str) -> None:
        """Have a plug out of reach."""
        await self._set_line(plug, "cut")

    async def mend(self, plug: str) -> None:
        """Have it within reach again."""
        await self._set_line(plug, "whole")

    async def _set_line(self, plug: str, line: str) -> None:
        self.lines[plug] = line
        self.hass.states.async_set(f"sensor.{plug}_line", line)
        await self.settled()

    def runs(self) -> list[Any]:
        """Count the automation's runs from now on."""
        return async_capture_events(self.hass, "automation_triggered")

    async def remove_entry(self) -> None:
        """Remove the integration."""
        await self.hass.config_entries.async_remove(self.entry.entry_id)
        await self.settled()


def prepare(config_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the blueprints in a folder, and everything follow soon."""
    # With it most of the time goes into noting who called whom.
    asyncio.get_running_loop().set_debug(False)
    # Pings would go unanswered while the clock is moved.
    monkeypatch.setattr(stream_module, "HEARTBEAT", 1e9)
    monkeypatch.setattr(stream_module, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(stream_module, "UNREACHABLE_RETRY_LIMIT", 0.05)
    monkeypatch.setattr("custom_components.glocalflex.notifier.INTERVAL", 0.0)
    monkeypatch.setattr("custom_components.glocalflex.market.client.BOOK_INTERVAL", 0)
    monkeypatch.setattr(delivery_clock, "INTERVAL", DELIVERIES_AFTER / 2)
    shutil.copytree(BLUEPRINTS, config_dir / "blueprints" / "automation" / "glocalflex")


@pytest.fixture
async def home(
    clock: Clock,
    tmp_path: Path,
    hass_storage: dict[str, Any],
    market: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Home]:
    """Return a home half a minute after noon, whose automation is yet to be set up."""
    prepare(tmp_path, monkeypatch)
    clock.set(NOON + MINUTE / 2)
    home = Home(tmp_path, market, clock, hass_storage)
    yield home
    await home.stop()
