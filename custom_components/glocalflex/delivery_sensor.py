"""Sensors of the user's next delivery."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.util import dt as dt_util

from .deliveries import Delivery
from .entity import DeliveryEntity


@dataclass(frozen=True, kw_only=True)
class DeliverySensorDescription(SensorEntityDescription):
    """Describe something of the next delivery."""

    value_fn: Callable[[Delivery], datetime]


def _time_sensor(
    key: str, value_fn: Callable[[Delivery], datetime]
) -> DeliverySensorDescription:
    return DeliverySensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=value_fn,
    )


DELIVERY_DESCRIPTIONS: tuple[DeliverySensorDescription, ...] = (
    _time_sensor("next_delivery_start", lambda delivery: delivery.start),
    _time_sensor("next_delivery_end", lambda delivery: delivery.end),
)


class DeliverySensor(DeliveryEntity, SensorEntity):
    """Something of the first delivery that has not begun."""

    entity_description: DeliverySensorDescription

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return it; None where no delivery is ahead."""
        delivery = self._next
        return None if delivery is None else self.entity_description.value_fn(delivery)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | None]:
        """Return the delivery's side."""
        delivery = self._next
        return {} if delivery is None else {"side": delivery.side}

    @property
    def _next(self) -> Delivery | None:
        return self.coordinator.deliveries.known().next(dt_util.utcnow())
