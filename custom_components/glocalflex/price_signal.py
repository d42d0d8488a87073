"""A price signal as entities see it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .const import (
    CONF_DIRECTION,
    CONF_HYSTERESIS,
    CONF_LEAST_OFF,
    CONF_LEAST_ON,
    CONF_LEAST_POWER,
    CONF_LIMIT,
    CONF_PRICE,
    DOMAIN,
)
from .market import StreamName
from .market_part import MarketPart
from .signal_state import Direction, Quote, SignalPrice, SignalRule, SignalState


class PriceSignal:
    """A price signal with the device that shows it, and who waits for its changes."""

    def __init__(
        self,
        hass: HomeAssistant,
        subentry: ConfigSubentry,
        part: MarketPart | None,
        on_switched: CALLBACK_TYPE,
    ) -> None:
        """Be what a subentry describes."""
        self._hass = hass
        self._on_switched = on_switched
        self._listeners: list[CALLBACK_TYPE] = []
        self._quote: Quote | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self.identifier = subentry.subentry_id
        self.device = device_of(subentry)
        self.part = part
        """None where it watches an area that was removed."""
        self.state = SignalState(rule=rule_from(subentry.data))
        self.available = False

    @property
    def stream(self) -> StreamName:
        """The stream that tells its price."""
        is_last = self.state.rule.price is SignalPrice.LAST_PRICE
        return StreamName.TICKER if is_last else StreamName.ORDER_BOOK

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener when there is something new to show; returns the way out."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_define(self, rule: SignalRule, part: MarketPart | None) -> bool:
        """Be defined as it is now; return whether that is another way."""
        known = self.state.rule
        is_other_part = self.part is not part
        if known == rule and not is_other_part:
            return False
        if is_other_part or (known.price, known.direction) != (
            rule.price,
            rule.direction,
        ):
            # What it was by another price does not bear on this one.
            self.state.memory = None
        self.state.rule, self.part = rule, part
        return True

    @callback
    def async_take(self, quote: Quote | None, *, available: bool) -> None:
        """Reckon with what is known now, and tell the listeners."""
        self._quote = quote
        self.available = available
        self._reckon()

    @callback
    def async_stop(self) -> None:
        """Wait for nothing more."""
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def _reckon(self, _now: datetime | None = None) -> None:
        """Reckon now, and again when a least time is over."""
        self.async_stop()
        before = self.state.memory
        self.state.update(self._quote, dt_util.utcnow())
        if self.state.due is not None:
            self._cancel_timer = async_track_point_in_utc_time(
                self._hass, self._reckon, self.state.due
            )
        if self.state.memory != before:
            self._on_switched()
        for listener in list(self._listeners):
            listener()


def device_of(subentry: ConfigSubentry) -> DeviceInfo:
    """Return the device of a signal."""
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, subentry.subentry_id)},
        manufacturer="GLocalFlex",
        model="Price signal",
        name=subentry.title,
    )


def rule_from(data: Mapping[str, Any]) -> SignalRule:
    """Read a rule from a subentry's data."""
    return SignalRule(
        price=SignalPrice(data[CONF_PRICE]),
        direction=Direction(data[CONF_DIRECTION]),
        limit=data[CONF_LIMIT],
        hysteresis=data[CONF_HYSTERESIS],
        least_on=timedelta(**data[CONF_LEAST_ON]),
        least_off=timedelta(**data[CONF_LEAST_OFF]),
        least_power=data[CONF_LEAST_POWER],
    )
