"""Binary sensors of the GLocalFlex integration."""

from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import GLocalFlexConfigEntry
from .deliveries import Delivery
from .entity import DeliveryEntity, GLocalFlexEntity
from .market import StreamName
from .price_signal import PriceSignal
from .signal_entity import SIGNAL, SignalBinarySensor

PARALLEL_UPDATES = 0

STREAM_KEYS = {
    StreamName.TRADE: "trade_stream",
    StreamName.ORDER_BOOK: "order_book_stream",
    StreamName.TICKER: "market_data_stream",
}

DELIVERY_ACTIVE = BinarySensorEntityDescription(
    key="delivery_active", translation_key="delivery_active"
)


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
    if StreamName.TRADE in coordinator.streams:
        async_add_entities([DeliveryActive(coordinator, DELIVERY_ACTIVE)])

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


class DeliveryActive(DeliveryEntity, BinarySensorEntity):
    """Whether a delivery of the user's runs."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether one runs now."""
        return bool(self._active)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the terms of the one that runs; of several, of the one that began first.

        A sum would mislead: one may sell what another buys.
        """
        if not (active := self._active):
            return {}
        delivery = active[0]
        return {
            "side": delivery.side,
            "price": delivery.price,
            "power": delivery.power,
            "at_most": delivery.at_most,
            # In UTC: times in one local zone compare by the clock's face.
            "start": delivery.start,
            "end": delivery.end,
            "deliveries": len(active),
            "sides": list(dict.fromkeys(each.side for each in active)),
        }

    @property
    def _active(self) -> list[Delivery]:
        return self.coordinator.deliveries.known().active(dt_util.utcnow())
