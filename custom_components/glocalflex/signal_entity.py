"""Entities of price signals: the base, and the binary sensor that says green."""

from datetime import datetime
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.core import callback
from homeassistant.helpers.entity import Entity, EntityDescription

from .price_signal import PriceSignal

SIGNAL = BinarySensorEntityDescription(key="signal", translation_key="signal")


class SignalEntity(Entity):
    """Something of a price signal, on a device of its own."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, signal: PriceSignal, description: EntityDescription) -> None:
        """Belong to the signal's device."""
        self.signal = signal
        self.entity_description = description
        self._attr_unique_id = f"{signal.identifier}_{description.key}"
        self._attr_device_info = signal.device

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the signal."""
        self.async_on_remove(self.signal.async_add_listener(self._handle_change))

    @callback
    def _handle_change(self) -> None:
        """Show what the signal is now."""
        self.async_write_ha_state()


class SignalBinarySensor(SignalEntity, BinarySensorEntity):
    """Whether the price is good; by the name of the device."""

    _attr_name = None
    # They move with the market, and sensors record them.
    _unrecorded_attributes = frozenset({"price", "power"})

    @property
    @override
    def available(self) -> bool:
        """Return whether its price can be known: what is not known is never green."""
        return self.signal.available

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the price is good; None where the market has not said it."""
        return self.signal.state.is_on

    @property
    @override
    def extra_state_attributes(self) -> dict[str, float | datetime | None]:
        """Return what it was reckoned from, and since when it is so."""
        state = self.signal.state
        memory = None if state.is_on is None else state.memory
        return {
            "price": state.price,
            "limit": state.rule.limit,
            "power": state.power,
            "since": memory.since if memory else None,
        }
