"""The calendar of the GLocalFlex integration: the user's deliveries."""

from datetime import datetime, timedelta, timezone
from typing import override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import PRICE_UNIT
from .coordinator import GLocalFlexConfigEntry
from .deliveries import Delivery
from .entity import DeliveryEntity
from .market import StreamName

PARALLEL_UPDATES = 0

DELIVERIES = CalendarEntityDescription(key="deliveries", translation_key="deliveries")


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: GLocalFlexConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the calendar of an entry."""
    coordinator = entry.runtime_data
    if StreamName.TRADE in coordinator.streams:
        async_add_entities([DeliveryCalendar(coordinator, DELIVERIES)])


class DeliveryCalendar(DeliveryEntity, CalendarEntity):
    """The windows of the user's deliveries."""

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the delivery that runs, else the next; of several the one that began first."""
        known, now = self.coordinator.deliveries.known(), dt_util.utcnow()
        delivery = next(iter(known.active(now)), None) or known.next(now)
        return None if delivery is None else DeliveryEvent(delivery)

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the deliveries of which something lies within a time."""
        known = self.coordinator.deliveries.known()
        return [DeliveryEvent(found) for found in known.between(start_date, end_date)]


class DeliveryEvent(CalendarEvent):
    """A delivery as an event whose times hold on the night on which clocks are set back.

    Home Assistant compares times in its zone by the clock's face, on which a window of that
    night may end before it begins. So these have their offset fixed.
    """

    start: datetime
    end: datetime

    def __init__(self, delivery: Delivery) -> None:
        """Describe a delivery in plain words."""
        super().__init__(
            start=_at_fixed_offset(delivery.start),
            end=_at_fixed_offset(delivery.end),
            summary=_summary(delivery),
            description=_description(delivery),
        )

    @override
    def __post_init__(self) -> None:
        """Leave out Home Assistant's check, which goes by the clock's face: a delivery ends after it begins."""

    @property
    @override
    def start_datetime_local(self) -> datetime:
        """Return the start with its offset."""
        return self.start

    @property
    @override
    def end_datetime_local(self) -> datetime:
        """Return the end with its offset."""
        return self.end


def _at_fixed_offset(time: datetime) -> datetime:
    """Return a time as the local clock shows it, in a zone that is never set back."""
    return time.astimezone(timezone(dt_util.as_local(time).utcoffset() or timedelta()))


def _summary(delivery: Delivery) -> str:
    """Return what is delivered, such as "Sell 2 kW at 0.30 EUR/kWh"."""
    words = [delivery.side.capitalize() if delivery.side else "Delivery"]
    if delivery.power is not None:
        if delivery.at_most:
            words.append("at most")
        words.append(f"{delivery.power / 1000:.6g} kW")
    if delivery.price is not None:
        # At least two decimals, as prices mostly have.
        whole, _, decimals = f"{delivery.price:.6f}".rstrip("0").partition(".")
        words.append(f"at {whole}.{decimals:0<2} {PRICE_UNIT}")
    return " ".join(words)


def _description(delivery: Delivery) -> str:
    """Return whose the delivery is, a line each."""
    lines = {
        "Order": delivery.order_id,
        "Contract": delivery.contract_id,
        "Status": delivery.status,
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items() if value)
