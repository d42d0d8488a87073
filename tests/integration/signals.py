"""Price signals for tests: as they are stored, made and read."""

from collections.abc import Callable
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.glocalflex.simulator import Simulator
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import FlowResultType

from .conftest import eventually
from .messages import book_order, order_book

SIGNAL: dict[str, Any] = {
    "name": "Cheap power",
    "part": "whole_market",
    "price": "best_ask",
    "direction": "below",
    "limit": 0.5,
    "hysteresis": 0.0,
    "least_on": {"seconds": 0},
    "least_off": {"seconds": 0},
    "least_power": 0.0,
}
BINARY_SENSOR = "binary_sensor.cheap_power"
LIMIT = "number.cheap_power_limit"


def stored_signal(**changes: Any) -> ConfigSubentryData:
    """Return a stored signal: on while the best ask is below 0.5, with some of it changed."""
    data = {"version": 1, **SIGNAL, **changes}
    return ConfigSubentryData(
        title=data.pop("name"), data=data, subentry_type="signal", unique_id=None
    )


def state_of(hass: HomeAssistant, entity_id: str = BINARY_SENSOR) -> State:
    """Return a state that there is."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found


def is_shown(
    hass: HomeAssistant, value: object, entity_id: str = BINARY_SENSOR
) -> Callable[[], bool]:
    """Return whether an entity, the signal if none is named, shows a value."""
    return lambda: (
        (found := hass.states.get(entity_id)) is not None and found.state == str(value)
    )


async def offer(hass: HomeAssistant, market: Simulator, *asks: float) -> None:
    """Let the book hold just these asks, of 1000 W each, and wait until that is known."""
    orders = [book_order(price, side="sell") for price in asks]
    await market.control.send("orderbook", order_book({}, {"1": orders}))
    best = min(asks, default="unknown")
    await eventually(is_shown(hass, best, "sensor.glocalflex_best_ask"))
    await eventually(is_shown(hass, len(asks), "sensor.glocalflex_ask_orders"))


async def set_limit(hass: HomeAssistant, value: object) -> None:
    """Set the signal's limit as a dashboard does."""
    await hass.services.async_call(
        "number", "set_value", {"entity_id": LIMIT, "value": value}, blocking=True
    )
    await hass.async_block_till_done()


async def add_signal(
    hass: HomeAssistant, entry: MockConfigEntry, **changes: Any
) -> dict[str, Any]:
    """Add a signal as a person does; return the flow's last answer."""
    flows = hass.config_entries.subentries
    shown = await flows.async_init(
        (entry.entry_id, "signal"), context={"source": "user"}
    )
    assert shown["type"] is FlowResultType.FORM
    answer = await flows.async_configure(shown["flow_id"], {**SIGNAL, **changes})
    await hass.async_block_till_done()
    return dict(answer)


async def reconfigure(
    hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str
) -> dict[str, Any]:
    """Open the form that changes a signal."""
    return dict(
        await hass.config_entries.subentries.async_init(
            (entry.entry_id, "signal"),
            context={"source": "reconfigure", "subentry_id": subentry_id},
        )
    )


async def change_signal(
    hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str, **changes: Any
) -> None:
    """Change a signal as a person does."""
    shown = await reconfigure(hass, entry, subentry_id)
    answer = await hass.config_entries.subentries.async_configure(
        shown["flow_id"], {**SIGNAL, **changes}
    )
    assert answer["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
