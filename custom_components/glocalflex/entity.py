"""Base entity of the GLocalFlex integration."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription

from .const import CONF_KIND, DOMAIN, EntryKind
from .coordinator import GLocalFlexConfigEntry, MarketCoordinator
from .market import StreamName


def market_device(entry: GLocalFlexConfigEntry) -> DeviceInfo:
    """Describe the device that stands for an entry's whole market."""
    is_practice = entry.data[CONF_KIND] == EntryKind.PRACTICE
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, entry.entry_id)},
        manufacturer="GLocalFlex",
        model="Practice market" if is_practice else "Flexibility market",
        name="GLocalFlex Practice" if is_practice else "GLocalFlex",
    )


class GLocalFlexEntity(Entity):
    """Something that one stream of a market tells."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self,
        coordinator: MarketCoordinator,
        stream: StreamName,
        description: EntityDescription,
    ) -> None:
        """Belong to the whole market's device."""
        self.coordinator = coordinator
        self.stream = stream
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.entry.entry_id}_{description.key}"
        self._attr_device_info = market_device(coordinator.entry)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the stream."""
        self.async_on_remove(
            self.coordinator.async_add_listener(self.stream, self._handle_change)
        )

    @property
    @override
    def available(self) -> bool:
        """Return whether the stream works: what it told before is not true for long."""
        return self.coordinator.streams[self.stream].connected

    @callback
    def _handle_change(self) -> None:
        """Show what the stream tells now."""
        self.async_write_ha_state()
