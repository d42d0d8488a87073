"""The whole market, or an area of it, as entities see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.util import dt as dt_util

from .const import (
    CONF_COUNTRY_CODES,
    CONF_CURVE_HOURS,
    CONF_HORIZON,
    CONF_INCLUDES_UNLOCATED,
    CONF_KIND,
    CONF_LEAST_POWER,
    CONF_LOCATION_IDS,
    CONF_SIZE,
    DEFAULT_CURVE_HOURS,
    DEFAULT_SIZE,
    DOMAIN,
    EntryKind,
    MessageKind,
)
from .market import (
    Area,
    ExpiredOrder,
    ForwardCurve,
    OrderBook,
    Trade,
    forward_curve,
    quarter_of,
    summarise,
)
from .state import Figures, Period

QUARTERS_AN_HOUR = 4
HOUR = 3600
"""Seconds."""

type EventListener = Callable[[dict[str, Any]], None]


@dataclass(kw_only=True)
class MarketPart:
    """Figures with the device that shows them, and who waits for the part's events."""

    identifier: str
    """The entry's id, or the subentry's: unique ids of entities begin with it."""

    subentry_id: str | None
    device: DeviceInfo
    area: Area | None
    """None is the whole market."""

    size: float
    """What buy price and sell price are for, in W."""

    curve_hours: int
    """How far ahead the forward curve reaches."""

    figures: Figures
    book: OrderBook | None = None
    """The newest snapshot, of this part alone."""
    _curve: ForwardCurve = ()
    _listeners: dict[MessageKind, list[EventListener]] = field(
        default_factory=lambda: {kind: [] for kind in MessageKind}
    )

    @classmethod
    def whole(cls, entry: ConfigEntry[Any], midnight: datetime) -> Self:
        """Return the whole market of an entry."""
        is_practice = entry.data[CONF_KIND] == EntryKind.PRACTICE
        return cls(
            identifier=entry.entry_id,
            subentry_id=None,
            device=DeviceInfo(
                entry_type=DeviceEntryType.SERVICE,
                identifiers={(DOMAIN, entry.entry_id)},
                manufacturer="GLocalFlex",
                model="Practice market" if is_practice else "Flexibility market",
                name="GLocalFlex Practice" if is_practice else "GLocalFlex",
            ),
            area=None,
            size=entry.options.get(CONF_SIZE, DEFAULT_SIZE),
            curve_hours=_curve_hours(entry),
            figures=_no_figures(midnight),
        )

    @classmethod
    def of_area(
        cls, entry: ConfigEntry[Any], subentry: ConfigSubentry, midnight: datetime
    ) -> Self:
        """Return what a subentry describes."""
        return cls(
            identifier=subentry.subentry_id,
            subentry_id=subentry.subentry_id,
            device=DeviceInfo(
                entry_type=DeviceEntryType.SERVICE,
                identifiers={(DOMAIN, subentry.subentry_id)},
                manufacturer="GLocalFlex",
                model="Area",
                name=subentry.title,
            ),
            area=area_from(subentry.data),
            size=subentry.data[CONF_SIZE],
            curve_hours=_curve_hours(entry),
            figures=_no_figures(midnight),
        )

    def contains(self, message: Trade | ExpiredOrder) -> bool:
        """Tell whether a trade or an expired order belongs here."""
        return self.area is None or self.area.contains(message, message.created_at)

    @callback
    def async_take_book(self, book: OrderBook | None) -> None:
        """Reckon the figures of a snapshot; None forgets the one before."""
        self.book = book
        self.figures.book = None if book is None else summarise(book, self.size)
        self._curve = ()

    @callback
    def async_forward_curve(self) -> ForwardCurve | None:
        """Return the book's prices from the present quarter of an hour on, where it is known.

        Reckoned when somebody asks, once for each snapshot and quarter.
        """
        if self.book is None:
            return None
        start = quarter_of(dt_util.utcnow())
        if not self._curve or self._curve[0].start != start:
            quarters = self.curve_hours * QUARTERS_AN_HOUR
            self._curve = forward_curve(self.book, start, quarters)
        return self._curve

    @callback
    def async_add_event_listener(
        self, kind: MessageKind, listener: EventListener
    ) -> CALLBACK_TYPE:
        """Hand each message of a kind to a listener; returns the way out."""
        listeners = self._listeners[kind]
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    @callback
    def async_deliver(self, kind: MessageKind, fields: dict[str, Any]) -> None:
        """Hand a message to its listeners."""
        for listener in tuple(self._listeners[kind]):
            listener(fields)


def _curve_hours(entry: ConfigEntry[Any]) -> int:
    return int(entry.options.get(CONF_CURVE_HOURS, DEFAULT_CURVE_HOURS))


def _no_figures(midnight: datetime) -> Figures:
    """Return what is known at the beginning of a run."""
    return Figures(day=Period(start=midnight), hour=Period(start=this_hour()))


def this_hour() -> datetime:
    """Return the beginning of the hour, in UTC."""
    return dt_util.utc_from_timestamp(dt_util.utcnow().timestamp() // HOUR * HOUR)


def area_from(data: Mapping[str, Any]) -> Area:
    """Read an area from a subentry's data."""
    horizon = data.get(CONF_HORIZON)
    return Area(
        country_codes=frozenset(data[CONF_COUNTRY_CODES]),
        location_ids=frozenset(data[CONF_LOCATION_IDS]),
        least_power=data[CONF_LEAST_POWER],
        horizon=None if horizon is None else timedelta(hours=horizon),
        includes_unlocated=data[CONF_INCLUDES_UNLOCATED],
    )
