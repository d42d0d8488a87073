"""What must survive a restart: counters, own orders and contracts, what signals were."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import UnsupportedStorageVersionError
from homeassistant.helpers.storage import Store

from .const import DOMAIN, LOGGER
from .market import Area, ContractUpdate, OrderUpdate
from .market_part import MarketPart
from .price_signal import PriceSignal
from .signal_state import Memory
from .state import Own, Period, Record

VERSION = 1

# A status is rare and matters, a counter moves with every trade: one is written
# soon, the other spares the memory card. Both are written when Home Assistant
# stops. Seconds.
SAVE_STATUS_AFTER = 5.0
SAVE_COUNTERS_AFTER = 300.0


class _Counters(Struct, kw_only=True):
    """What the whole market, or an area, has come to."""

    area: Area | None
    """Counters of an area that was defined otherwise are not its own."""
    expired_orders: int
    day: Period
    hour: Period | None = None
    last_hour: Period | None = None


class _Stored(Struct, kw_only=True):
    """The file's content."""

    market: str
    """The entry's unique id: another market's or account's figures are not ours."""
    counters: dict[str, _Counters]
    """By the part's identifier."""
    orders: dict[str, Record[OrderUpdate]]
    contracts: dict[str, Record[ContractUpdate]]
    signals: dict[str, Memory] = {}
    """By the signal's identifier."""


class MarketStore:
    """The file in Home Assistant's storage that belongs to one entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str, market: str) -> None:
        """Name the file after the entry."""
        self._hass = hass
        self._market = market
        self._store = Store[dict[str, Any]](
            hass, VERSION, f"{DOMAIN}.{entry_id}", private=True
        )
        self._parts: Mapping[str, MarketPart] = {}
        self._own = Own()
        self._signals: Mapping[str, PriceSignal] = {}
        self._due: float | None = None

    async def async_load(
        self,
        parts: Mapping[str, MarketPart],
        own: Own,
        signals: Mapping[str, PriceSignal],
    ) -> None:
        """Fill in what was stored, and watch these from now on."""
        self._parts = parts
        self._own = own
        self._signals = signals
        try:
            if (content := await self._store.async_load()) is None:
                return
            stored = msgspec.convert(content, _Stored)
        except UnsupportedStorageVersionError as error:
            # It is left for the newer version to come back to.
            self._store.make_read_only()
            LOGGER.error("Counters start anew, and are not stored: %s", error)
            return
        except msgspec.ValidationError as error:
            LOGGER.error("Stored counters are unusable and start anew: %s", error)
            return
        if stored.market != self._market:
            return
        for identifier, counters in stored.counters.items():
            part = parts.get(identifier)
            if part is None or part.area != counters.area:
                continue
            part.figures.expired_orders = counters.expired_orders
            if part.figures.day.start == counters.day.start:
                part.figures.day = counters.day
            part.figures.hour = counters.hour or part.figures.hour
            part.figures.last_hour = counters.last_hour
        own.orders = stored.orders
        own.contracts = stored.contracts
        for identifier, memory in stored.signals.items():
            if identifier in signals:
                signals[identifier].state.memory = memory

    @callback
    def async_save_within(self, seconds: float) -> None:
        """Write the state within so long."""
        due = self._hass.loop.time() + seconds
        # Asking Home Assistant's store again would put off what it has planned.
        if self._due is None or due < self._due:
            self._due = due
            self._store.async_delay_save(self._content, seconds)

    async def async_save(self) -> None:
        """Write the state now."""
        await self._store.async_save(self._content())

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    @callback
    def _content(self) -> dict[str, Any]:
        """Return what to write."""
        self._due = None
        content: dict[str, Any] = msgspec.to_builtins(
            _Stored(
                market=self._market,
                counters={
                    identifier: _Counters(
                        area=part.area,
                        expired_orders=part.figures.expired_orders,
                        day=part.figures.day,
                        hour=part.figures.hour,
                        last_hour=part.figures.last_hour,
                    )
                    for identifier, part in self._parts.items()
                },
                orders=self._own.orders,
                contracts=self._own.contracts,
                signals={
                    identifier: signal.state.memory
                    for identifier, signal in self._signals.items()
                    if signal.state.memory is not None
                },
            )
        )
        return content
