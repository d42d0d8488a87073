"""Binary sensors of the GLocalFlex integration."""

from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import GLocalFlexConfigEntry
from .entity import GLocalFlexEntity
from .market import StreamName
from .price_signal import PriceSignal
from .signal_entity import SIGNAL, SignalBinarySensor

PARALLEL_UPDATES = 0

STREAM_KEYS = {
    StreamName.TRADE: "trade_stream",
    StreamName.ORDER_BOOK: "order_book_stream",
    StreamName.TICKER: "market_data_stream",
}


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GLocalFlexConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of an entry."""
    coordinator = entry.runtime_data
    async_add_entities(
        StreamBinarySensor(
            coordinator,
            coordinator.parts.whole,
            stream,
            BinarySensorEntityDescription(
                key=STREAM_KEYS[stream],
                translation_key=STREAM_KEYS[stream],
                device_class=BinarySensorDeviceClass.CONNECTIVITY,
                entity_category=EntityCategory.DIAGNOSTIC,
            ),
        )
        for stream in coordinator.streams
    )

    @callback
    def add_signal(signal: PriceSignal) -> None:
        async_add_entities(
            [SignalBinarySensor(signal, SIGNAL)], config_subentry_id=signal.identifier
        )

    coordinator.signals.async_for_each(add_signal)


class StreamBinarySensor(GLocalFlexEntity, BinarySensorEntity):
    """Whether a stream works."""

    @property
    @override
    def available(self) -> bool:
        """Return True: that a stream is down is known as well."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the stream works."""
        return self.coordinator.streams[self.stream].connected
