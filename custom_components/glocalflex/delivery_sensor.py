"""Sensors of the user's next delivery."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

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
        return self._time_of(self._next())

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the delivery's side, and the same of the next of each side.

        One whose side the market does not say counts as sold.
        """
        delivery = self._next()
        return {
            "side": delivery and delivery.side,
            "sold": self._time_of(self._next(is_bought=False)),
            "bought": self._time_of(self._next(is_bought=True)),
        }

    def _next(self, *, is_bought: bool | None = None) -> Delivery | None:
        deliveries = self.coordinator.deliveries.known()
        return deliveries.next(dt_util.utcnow(), is_bought=is_bought)

    def _time_of(self, delivery: Delivery | None) -> datetime | None:
        return None if delivery is None else self.entity_description.value_fn(delivery)
