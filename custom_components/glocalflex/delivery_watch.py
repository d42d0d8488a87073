"""A trigger's watch on the user's deliveries: when one starts or ends, or so long before or after."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .coordinator import MarketCoordinator
from .deliveries import Delivery
from .watches import Fields, Fire

# What a market missed while it was loaded anew is made up for; after a longer
# absence it would come out of the blue.
RELOAD = timedelta(minutes=1)

NEVER = datetime.min.replace(tzinfo=UTC)

type Key = tuple[str | None, datetime, datetime]


class Edge(StrEnum):
    """Which end of a delivery."""

    START = "start"
    END = "end"


@dataclass
class Handled:
    """What a watch has been through. It outlives the watch, whose market may be loaded anew."""

    deliveries: set[Key] = field(default_factory=set)
    until: datetime = NEVER
    stopped: datetime = NEVER


class DeliveryWatch:
    """Fires once for each delivery when its moment comes.

    A delivery that is told of when its moment is past still counts while it can be
    acted on: until it ends. What was there before the watch does not.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        fire: Fire,
        device_id: str,
        coordinator: MarketCoordinator,
        edge: Edge,
        offset: timedelta,
        handled: Handled,
    ) -> None:
        """Prepare; async_start() listens. An offset below zero is before the edge."""
        self._hass = hass
        self._fire = fire
        self._device_id = device_id
        self._deliveries = coordinator.deliveries
        self._edge = edge
        self._offset = offset
        self._handled = handled
        self._stop: CALLBACK_TYPE
        self._cancel_timer: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Listen, and take what is there as known."""
        now = dt_util.utcnow()
        if now - self._handled.stopped > RELOAD:
            self._handled.until = now
            self._handled.deliveries = {
                _key(delivery)
                for delivery in self._deliveries.known()
                if self._moment(delivery) <= now
            }
        self._stop = self._deliveries.async_add_listener(self._look)
        self._look()

    @callback
    def async_stop(self) -> None:
        """Listen no more."""
        self._stop()
        self._cancel()
        self._handled.stopped = dt_util.utcnow()

    @callback
    def _look(self, _now: datetime | None = None) -> None:
        """Fire for what has come, and wait for what comes next."""
        now = dt_util.utcnow()
        known = list(self._deliveries.known())
        before = self._handled.until
        came = [
            delivery
            for delivery in known
            if _key(delivery) not in self._handled.deliveries
            and self._moment(delivery) <= now
        ]
        # First, as what is set off may come back here.
        self._handled.until = max(before, now)
        self._handled.deliveries &= {_key(delivery) for delivery in known}
        self._handled.deliveries |= {_key(delivery) for delivery in came}
        self._plan([self._moment(delivery) for delivery in known], now)
        for delivery in came:
            is_running = self._edge is Edge.START and now < delivery.end
            if is_running or before < self._moment(delivery):
                self._fire(self._fields(delivery), self._words(delivery))

    def _plan(self, moments: list[datetime], now: datetime) -> None:
        """Wait for the next moment; of the edges themselves the deliveries' own clock tells."""
        self._cancel()
        if not self._offset:
            return
        if ahead := [moment for moment in moments if moment > now]:
            self._cancel_timer = async_track_point_in_utc_time(
                self._hass, self._look, min(ahead)
            )

    @callback
    def _cancel(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    def _moment(self, delivery: Delivery) -> datetime:
        edge = delivery.start if self._edge is Edge.START else delivery.end
        return edge + self._offset

    def _fields(self, delivery: Delivery) -> Fields:
        """Return a delivery as the variables of a trigger."""
        return {
            ATTR_DEVICE_ID: self._device_id,
            "delivery_start": delivery.start.isoformat(),
            "delivery_end": delivery.end.isoformat(),
            "side": delivery.side,
            "price": delivery.price,
            "power": delivery.power,
            "energy": delivery.energy,
            "order_id": delivery.order_id,
            "contract_id": delivery.contract_id,
            "status": delivery.status,
        }

    def _words(self, delivery: Delivery) -> str:
        """Say what came, for the automation's trace."""
        start, end = (
            dt_util.as_local(time).isoformat(timespec="minutes")
            for time in (delivery.start, delivery.end)
        )
        return f"the {self._edge} of the delivery from {start} to {end}"


def _key(delivery: Delivery) -> Key:
    """Tell a delivery from others, also when a contract takes its order's place."""
    return (delivery.order_id or delivery.contract_id, delivery.start, delivery.end)
