"""Diagnostics of the GLocalFlex integration."""

from dataclasses import asdict
from typing import Any

import msgspec

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant

from .const import CONF_REFRESH_TOKEN
from .coordinator import GLocalFlexConfigEntry

TO_REDACT = {CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME, CONF_REFRESH_TOKEN}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: GLocalFlexConfigEntry
) -> dict[str, Any]:
    """Return what helps to find out what is wrong, without who the user is."""
    coordinator = entry.runtime_data
    return {
        "data": async_redact_data(entry.data, TO_REDACT),
        "options": dict(entry.options),
        "streams": {
            name: {
                "connected": status.connected,
                "reconnects": status.reconnects,
                "error": None if status.error is None else str(status.error),
                **asdict(coordinator.traffic[name]),
            }
            for name, status in coordinator.streams.items()
        },
        "parts": [
            {
                "area": msgspec.to_builtins(part.area),
                "size": part.size,
                "last_trade": msgspec.to_builtins(part.figures.last_trade),
                "expired_orders": part.figures.expired_orders,
                "day": msgspec.to_builtins(part.figures.day),
                "book": msgspec.to_builtins(part.figures.book),
            }
            for part in coordinator.parts
        ],
        "signals": [
            {
                "rule": msgspec.to_builtins(signal.state.rule),
                "area": signal.part and msgspec.to_builtins(signal.part.area),
                "available": signal.available,
                "on": signal.state.is_on,
                "price": signal.state.price,
                "power": signal.state.power,
                "memory": msgspec.to_builtins(signal.state.memory),
                "due": signal.state.due,
            }
            for signal in coordinator.signals.by_identifier.values()
        ],
        "own": {
            "orders": len(coordinator.own.orders),
            "contracts": len(coordinator.own.contracts),
        },
    }
