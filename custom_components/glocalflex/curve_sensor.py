"""Sensors of the forward curve: the cheapest and the dearest ahead, and price lists for planners."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .const import PRICE_UNIT
from .entity import GLocalFlexEntity
from .market import ForwardCurve
from .notifier import Notifier
from .series import Price, ask_prices, bid_prices

# A list is long: it is written at most so often, in seconds.
LIST_INTERVAL = 10.0


@dataclass(frozen=True, kw_only=True)
class CurveSensorDescription(SensorEntityDescription):
    """Describe what the forward curve comes to."""

    prices_fn: Callable[[ForwardCurve], list[Price]]
    value_fn: Callable[[list[Price]], float | datetime]
    """What to show of the quarters that have a price, of which there is at least one."""
    is_list: bool = False
    """Whether the prices themselves are shown too."""


def _value(price: Price) -> float:
    return price.value


def _cheapest(found: list[Price]) -> Price:
    """Return the first of the lowest prices."""
    return min(found, key=_value)


def _dearest(found: list[Price]) -> Price:
    """Return the first of the highest prices."""
    return max(found, key=_value)


def _price_sensor(
    key: str,
    prices_fn: Callable[[ForwardCurve], list[Price]],
    pick_fn: Callable[[list[Price]], Price],
    *,
    is_list: bool = False,
) -> CurveSensorDescription:
    return CurveSensorDescription(
        key=key,
        translation_key=key,
        prices_fn=prices_fn,
        value_fn=lambda found: pick_fn(found).value,
        is_list=is_list,
        native_unit_of_measurement=PRICE_UNIT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=4,
        entity_registry_enabled_default=not is_list,
    )


def _start_sensor(
    key: str,
    prices_fn: Callable[[ForwardCurve], list[Price]],
    pick_fn: Callable[[list[Price]], Price],
) -> CurveSensorDescription:
    return CurveSensorDescription(
        key=key,
        translation_key=key,
        prices_fn=prices_fn,
        value_fn=lambda found: pick_fn(found).start,
        device_class=SensorDeviceClass.TIMESTAMP,
    )


CURVE_DESCRIPTIONS: tuple[CurveSensorDescription, ...] = (
    _price_sensor("cheapest_ask_ahead", ask_prices, _cheapest),
    _start_sensor("cheapest_ask_ahead_start", ask_prices, _cheapest),
    _price_sensor("dearest_bid_ahead", bid_prices, _dearest),
    _start_sensor("dearest_bid_ahead_start", bid_prices, _dearest),
    _price_sensor("next_ask", ask_prices, lambda found: found[0], is_list=True),
    _price_sensor("next_bid", bid_prices, lambda found: found[0], is_list=True),
)


class CurveSensor(GLocalFlexEntity, SensorEntity):
    """A figure of the forward curve."""

    entity_description: CurveSensorDescription

    @property
    def _prices(self) -> list[Price]:
        curve = self.part.async_forward_curve()
        return [] if curve is None else self.entity_description.prices_fn(curve)

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return the figure; None where there is no such price."""
        found = self._prices
        return self.entity_description.value_fn(found) if found else None


class PriceListSensor(CurveSensor):
    """A figure of the forward curve, with the prices as planners and chart cards read them.

    The attributes are those of the Nord Pool integration that many of them know.
    """

    _unrecorded_attributes = frozenset({"raw_today", "raw_tomorrow"})
    _shown: tuple[bool, bool, datetime | None] | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Listen, and write less often than others."""
        await super().async_added_to_hass()
        self._notifier = Notifier(self.hass, LIST_INTERVAL)
        self._notifier.async_add_listener(self.async_write_ha_state)
        self.async_on_remove(self._notifier.async_stop)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the prices of this day and the next."""
        found = self._prices
        # The distance of the first two is taken for that of all.
        while len(found) > 1 and found[0].end != found[1].start:
            del found[0]
        today = dt_util.now().date()
        return {
            "raw_today": _of_day(found, today),
            "raw_tomorrow": _of_day(found, today + timedelta(days=1)),
        }

    @callback
    @override
    def _handle_change(self) -> None:
        """Show at once that the stream or all prices went or came, or that a quarter is over."""
        curve = self.part.async_forward_curve()
        shown = (self.available, bool(self._prices), curve[0].start if curve else None)
        if shown != self._shown:
            self._shown = shown
            self._notifier.async_notify_now()
        else:
            self._notifier.async_notify()


def _of_day(found: list[Price], day: date) -> list[dict[str, Any]]:
    """Return the prices of a local day; a list of its own each time, as readers change it."""
    local = (
        (dt_util.as_local(price.start), dt_util.as_local(price.end), price.value)
        for price in found
    )
    return [
        {"start": start, "end": end, "value": value}
        for start, end, value in local
        if start.date() == day
    ]
