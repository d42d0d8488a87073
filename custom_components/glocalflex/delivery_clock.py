"""Follows the user's deliveries by the clock: no message of the market comes when one begins or ends."""

from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .deliveries import Deliveries
from .notifier import Notifier
from .state import Own

# Each change has all deliveries reckoned anew: at most so often, in seconds.
INTERVAL = 0.1


class DeliveryClock:
    """Tells its listeners when deliveries change, and when one begins or ends.

    It knows them from own orders and contracts alone, whatever the streams do.
    """

    def __init__(self, hass: HomeAssistant, own: Own) -> None:
        """Know nothing yet; async_start() follows the clock."""
        self._hass = hass
        self._own = own
        self._known: Deliveries | None = None
        self._cancel_edge: CALLBACK_TYPE | None = None
        self._notifier = Notifier(hass, INTERVAL)
        # First, so that no listener can keep the clock from going on.
        self._notifier.async_add_listener(self._plan_edge)

    @callback
    def known(self) -> Deliveries:
        """Return all that are known now."""
        if self._known is None:
            self._known = Deliveries.of(self._own)
        return self._known

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener when deliveries change, and at each edge of one; returns the way out."""
        return self._notifier.async_add_listener(listener)

    @callback
    def async_own_changed(self) -> None:
        """Take note that an own order or contract is another."""
        self._known = None
        self._notifier.async_notify()

    @callback
    def async_start(self) -> None:
        """Follow the clock until async_stop()."""
        self._notifier.async_notify_now()

    @callback
    def async_stop(self) -> None:
        """Tell nothing more."""
        self._notifier.async_stop()
        self._cancel()

    @callback
    def _plan_edge(self) -> None:
        """Wait for the next begin or end."""
        self._cancel()
        edge = self.known().next_edge(dt_util.utcnow())
        if edge is not None:
            self._cancel_edge = async_track_point_in_utc_time(
                self._hass, self._on_edge, edge
            )

    @callback
    def _on_edge(self, _now: datetime) -> None:
        self._cancel_edge = None
        self._notifier.async_notify_now()

    @callback
    def _cancel(self) -> None:
        if self._cancel_edge is not None:
            self._cancel_edge()
            self._cancel_edge = None
