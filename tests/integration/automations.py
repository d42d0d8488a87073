"""Automations for tests, with the simulated market's prices to set them off."""

from typing import Any

from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.glocalflex.const import DOMAIN
from custom_components.glocalflex.simulator import Simulator
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from .conftest import eventually
from .messages import book_order, order_book, trade

type Config = dict[str, Any]

FINLAND: Config = {"country_code": "FI", "location_id": ["FI-1"]}
GERMANY: Config = {"country_code": "DE", "location_id": ["DE-1"]}


def device_id(hass: HomeAssistant, name: str = "glocalflex") -> str:
    """Return the id of the device of the whole market, or of an area."""
    entity = er.async_get(hass).async_get(f"sensor.{name}_best_ask")
    assert entity is not None
    assert entity.device_id is not None
    return entity.device_id


def limit(kind: str, *values: float | str) -> Config:
    """Return a limit or a range; texts are entities."""
    entries = [
        {"entity": value} if isinstance(value, str) else {"number": value}
        for value in values
    ]
    names = ("value_min", "value_max") if len(values) == 2 else ("value",)
    return {"type": kind, **dict(zip(names, entries, strict=True))}


def trigger(name: str, target: str | Config, /, **options: Any) -> Config:
    """Return a trigger's configuration; a text is a device."""
    if isinstance(target, str):
        target = {"device_id": target}
    config: Config = {"trigger": f"{DOMAIN}.{name}", "target": target}
    return {**config, "options": options} if options else config


def crossed(target: str | Config, threshold: Config, **options: Any) -> Config:
    """Return a trigger for the best ask, unless the options say another price."""
    options = {"price_type": "best_ask", "threshold": threshold, **options}
    return trigger("best_price_crossed", target, **options)


async def refusal(
    hass: HomeAssistant, ws_client: WebSocketGenerator, **config: Config
) -> str:
    """Return why the automation editor refuses a trigger or a condition; "" where it does not."""
    client = await ws_client(hass)
    await client.send_json_auto_id({"type": "validate_config", **config})
    (answer,) = (await client.receive_json())["result"].values()
    await client.close()
    assert answer["valid"] is (answer["error"] is None)
    return answer["error"] or ""


async def automation_of_another(hass: HomeAssistant) -> None:
    """Set up an automation that has nothing to do with a market: automation.other."""
    config = {"id": "other", "alias": "other", "triggers": [], "actions": []}
    assert await async_setup_component(hass, "automation", {"automation": config})


class Automations:
    """Automations that fire an event each time they run."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen before the first one runs."""
        self.hass = hass
        self._runs = async_capture_events(hass, "automation_ran")

    async def add(
        self, *triggers: Config, conditions: list[Config] | None = None
    ) -> None:
        """Set up one automation."""
        config = {
            "id": "one",
            "alias": "one",
            "mode": "queued",
            "max": 1000,
            "triggers": list(triggers),
            "conditions": conditions or [],
            "actions": [
                {
                    "event": "automation_ran",
                    "event_data": {"trigger": "{{ dict(trigger) }}"},
                }
            ],
        }
        assert await async_setup_component(
            self.hass, "automation", {"automation": config}
        )
        await self.hass.async_block_till_done()
        state = self.hass.states.get("automation.one")
        assert state is not None
        assert state.state == "on"

    async def turn(self, to: str) -> None:
        """Turn the automation on or off."""
        await self.hass.services.async_call(
            "automation", f"turn_{to}", {"entity_id": "automation.one"}, blocking=True
        )

    async def runs(self) -> list[Config]:
        """Return the trigger variables of the runs since the last call."""
        await self.hass.async_block_till_done()
        variables = [event.data["trigger"] for event in self._runs]
        self._runs.clear()
        return variables

    async def prices(self) -> list[float]:
        """Return the prices that the runs since the last call are about."""
        return [variables["price"] for variables in await self.runs()]

    async def events(self) -> list[Event[Any]]:
        """Return the events of the runs so far."""
        await self.hass.async_block_till_done()
        return list(self._runs)


async def showing(hass: HomeAssistant, entity_id: str, value: object) -> None:
    """Wait until an entity shows a value: then whoever listens knows of it too."""
    await eventually(
        lambda: (
            (state := hass.states.get(entity_id)) is not None
            and state.state == str(value)
        )
    )


async def set_limit(hass: HomeAssistant, value: object) -> None:
    """Let the entity of a limit show something."""
    hass.states.async_set("input_number.limit", str(value))
    await hass.async_block_till_done()


async def close_trade(
    hass: HomeAssistant, market: Simulator, price: float, **fields: object
) -> None:
    """Let a trade close, and wait until it is known."""
    await market.control.send("ticker", trade(price=price, **fields))
    await showing(hass, "sensor.glocalflex_last_price", float(price))


async def set_ask(
    hass: HomeAssistant, market: Simulator, price: float | None, **fields: object
) -> None:
    """Let the book hold one ask, or none, and wait until it is known."""
    asks = {} if price is None else {"1": [book_order(price, side="sell", **fields)]}
    await market.control.send("orderbook", order_book({}, asks))
    await showing(
        hass,
        "sensor.glocalflex_best_ask",
        "unknown" if price is None else float(price),
    )


async def set_bid(hass: HomeAssistant, market: Simulator, price: float) -> None:
    """Let the book hold one bid, and wait until it is known."""
    await market.control.send("orderbook", order_book({"1": [book_order(price)]}, {}))
    await showing(hass, "sensor.glocalflex_best_bid", float(price))
