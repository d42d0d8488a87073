"""Home Assistant's websocket API: the forward curve, for cards."""

from contextlib import suppress
from typing import Any

import voluptuous as vol

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import DOMAIN
from .device import async_find_part
from .market import ForwardCurve, StreamName
from .market_part import MarketPart
from .notifier import Notifier
from .series import curve_series

# A curve is pushed at most so often, in seconds.
PUSH_INTERVAL = 5.0


@callback
def async_setup_websocket_api(hass: HomeAssistant) -> None:
    """Register the commands."""
    websocket_api.async_register_command(hass, subscribe_forward_curve)


@websocket_api.websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/forward_curve/subscribe",
        vol.Required(ATTR_DEVICE_ID): str,
    }
)
@callback
def subscribe_forward_curve(
    hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]
) -> None:
    """Push a device's forward curve now, and whenever it has changed."""
    subscription = _Subscription(hass, connection, message)
    try:
        subscription.async_attach()
    except ServiceValidationError as error:
        connection.send_error(
            message["id"],
            websocket_api.ERR_NOT_FOUND,
            str(error),
            translation_key=error.translation_key,
            translation_domain=error.translation_domain,
            translation_placeholders=error.translation_placeholders,
        )
        return
    connection.send_result(message["id"])
    connection.subscriptions[message["id"]] = subscription.async_start()


class _Subscription:
    """A card's subscription. It outlives a reload of the entry, and finds the market again."""

    def __init__(
        self, hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Prepare for a connection's message."""
        self._hass = hass
        self._connection = connection
        self._id: int = message["id"]
        self._device_id: str = message[ATTR_DEVICE_ID]
        self._part: MarketPart | None = None
        self._detach: CALLBACK_TYPE | None = None
        self._notifier = Notifier(hass, PUSH_INTERVAL)
        self._notifier.async_add_listener(self._push)
        self._pushed: ForwardCurve | None = None

    @callback
    def async_attach(self) -> None:
        """Listen to the device's market, as it is set up now.

        Raises ServiceValidationError where it is not.
        """
        self._part = None
        if self._detach is not None:
            self._detach()
            self._detach = None
        coordinator, self._part = async_find_part(self._hass, self._device_id)
        self._detach = coordinator.async_add_listener(
            StreamName.ORDER_BOOK, self._on_change
        )

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Push what is known, and go on; returns the way out."""
        self._send(self._curve)
        end = async_dispatcher_connect(
            self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._on_entry_changed
        )

        @callback
        def stop() -> None:
            end()
            self._notifier.async_stop()
            if self._detach is not None:
                self._detach()

        return stop

    @property
    def _curve(self) -> ForwardCurve | None:
        return None if self._part is None else self._part.async_forward_curve()

    @callback
    def _on_entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Follow a market that is loaded anew, and an area that goes."""
        if entry.domain == DOMAIN:
            with suppress(ServiceValidationError):
                self.async_attach()
            self._notifier.async_notify_now()

    @callback
    def _on_change(self) -> None:
        """Push at once that the book went or came, other changes when it is time."""
        if (self._curve is None) is not (self._pushed is None):
            self._notifier.async_notify_now()
        else:
            self._notifier.async_notify()

    @callback
    def _push(self) -> None:
        """Push the curve if it has changed."""
        if (curve := self._curve) != self._pushed:
            self._send(curve)

    @callback
    def _send(self, curve: ForwardCurve | None) -> None:
        self._pushed = curve
        series = None if curve is None else curve_series(curve)
        self._connection.send_event(self._id, {"curve": series})
