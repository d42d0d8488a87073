"""Base entity of the GLocalFlex integration."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.entity import Entity, EntityDescription

from .coordinator import MarketCoordinator
from .market import StreamName
from .market_part import MarketPart


class GLocalFlexEntity(Entity):
    """Something that one stream of a market tells."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self,
        coordinator: MarketCoordinator,
        part: MarketPart,
        stream: StreamName,
        description: EntityDescription,
    ) -> None:
        """Belong to the device of the whole market, or of an area."""
        self.coordinator = coordinator
        self.part = part
        self.stream = stream
        self.entity_description = description
        self._attr_unique_id = f"{part.identifier}_{description.key}"
        self._attr_device_info = part.device

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


class DeliveryEntity(GLocalFlexEntity):
    """Something that is known of the user's deliveries, whatever the market's streams do."""

    def __init__(
        self, coordinator: MarketCoordinator, description: EntityDescription
    ) -> None:
        """Belong to the device of the whole market."""
        super().__init__(
            coordinator, coordinator.parts.whole, StreamName.TRADE, description
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the deliveries and the clock, in place of a stream."""
        self.async_on_remove(
            self.coordinator.deliveries.async_add_listener(self._handle_change)
        )

    @property
    @override
    def available(self) -> bool:
        """Return True: what was agreed holds while nothing is heard of it."""
        return True
