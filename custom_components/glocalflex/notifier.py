"""Tells listeners of changes, at most so often."""

from asyncio import TimerHandle

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

# The least time between two calls, in seconds: what it makes entities write
# ends up in the user's database.
INTERVAL = 1.0


class Notifier:
    """Calls its listeners on the first change at once, on those close behind as one."""

    def __init__(self, hass: HomeAssistant, interval: float | None = None) -> None:
        """Start with nobody listening; another interval than the usual is in seconds."""
        self._hass = hass
        self._interval = INTERVAL if interval is None else interval
        self._listeners: list[CALLBACK_TYPE] = []
        self._timer: TimerHandle | None = None
        self._changed = False

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Add a listener; returns the way out."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_notify(self) -> None:
        """Tell of a change, now or when the interval is over."""
        if self._timer is None:
            self.async_notify_now()
        else:
            self._changed = True

    @callback
    def async_notify_now(self) -> None:
        """Tell of a change that must not wait."""
        self.async_stop()
        self._timer = self._hass.loop.call_later(self._interval, self._interval_over)
        for listener in list(self._listeners):
            listener()

    @callback
    def async_stop(self) -> None:
        """Tell nothing more of what has happened so far."""
        self._changed = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @callback
    def _interval_over(self) -> None:
        self._timer = None
        if self._changed:
            self.async_notify_now()
