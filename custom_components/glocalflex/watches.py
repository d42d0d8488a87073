"""What a trigger's watch on one part of the market is: for its messages, or for a price."""

from collections.abc import Callable
from typing import Any, Protocol

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    CALLBACK_TYPE,
    Context,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.event import async_track_state_change_event

from .const import PRICE_UNIT, MessageKind
from .coordinator import MarketCoordinator
from .crossing import Crossing
from .limit import Limit
from .market_part import MarketPart
from .price import PRICES, PriceType, price_now

type Fields = dict[str, Any]


class Fire(Protocol):
    """Runs an automation, with variables and a description of why."""

    def __call__(
        self, variables: Fields, description: str, context: Context | None = None
    ) -> None:
        """Run it."""


class EventWatch:
    """Fires for each message of a kind that matches: once, in order."""

    def __init__(
        self,
        fire: Fire,
        device_id: str,
        part: MarketPart,
        kind: MessageKind,
        *,
        matches: Callable[[Fields], bool],
        describe: Callable[[Fields], str],
    ) -> None:
        """Prepare; async_start() listens."""
        self._fire = fire
        self._device_id = device_id
        self._part = part
        self._kind = kind
        self._matches = matches
        self._describe = describe
        self._stop: CALLBACK_TYPE

    @callback
    def async_start(self) -> None:
        """Listen."""
        self._stop = self._part.async_add_event_listener(self._kind, self._on_event)

    @callback
    def async_stop(self) -> None:
        """Listen no more."""
        self._stop()

    @callback
    def _on_event(self, fields: Fields) -> None:
        if self._matches(fields):
            self._fire(
                {ATTR_DEVICE_ID: self._device_id, **fields}, self._describe(fields)
            )


class PriceWatch:
    """Fires when a price crosses a limit, whichever of the two moves."""

    def __init__(
        self,
        hass: HomeAssistant,
        fire: Fire,
        device_id: str,
        coordinator: MarketCoordinator,
        part: MarketPart,
        price_type: PriceType,
        limit: Limit,
        crossing: Crossing,
    ) -> None:
        """Prepare; async_start() listens. The crossing remembers what was before."""
        self._hass = hass
        self._fire = fire
        self._device_id = device_id
        self._coordinator = coordinator
        self._part = part
        self._price_type = price_type
        self._limit = limit
        self._crossing = crossing
        self._stops: list[CALLBACK_TYPE] = []

    @callback
    def async_start(self) -> None:
        """Listen, and look at what is there."""
        stream = PRICES[self._price_type].stream
        self._stops = [
            self._coordinator.async_add_listener(stream, self._look),
            async_track_state_change_event(
                self._hass, self._limit.entity_ids, self._on_limit_changed
            ),
        ]
        self._look()

    @callback
    def async_stop(self) -> None:
        """Listen no more."""
        for stop in self._stops:
            stop()

    @callback
    def _on_limit_changed(self, event: Event[EventStateChangedData]) -> None:
        self._look(event.context)

    @callback
    def _look(self, context: Context | None = None) -> None:
        """Compare price and limit, unless one of them is not known."""
        price = price_now(self._coordinator, self._part, self._price_type)
        numbers = self._limit.now()
        if price is None or numbers is None:
            return
        before = self._crossing.last_price
        if not self._crossing.crossed(price, self._limit.margin(price, numbers)):
            return
        is_range = len(numbers) == 2
        came = "" if before is None else f" went from {before:.15g} to {price:.15g}"
        self._fire(
            {
                ATTR_DEVICE_ID: self._device_id,
                "price_type": self._price_type.value,
                "price": price,
                "from_price": before,
                "limit_type": self._limit.type.value,
                "limit": None if is_range else numbers[0],
                "lower_limit": numbers[0] if is_range else None,
                "upper_limit": numbers[1] if is_range else None,
            },
            f"{self._price_type.words}{came or f' is {price:.15g}'} {PRICE_UNIT},"
            f" {self._limit.words(numbers)}",
            context,
        )
