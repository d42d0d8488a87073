"""The price signals of an entry, kept as the user defines them."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import CONF_PART, LOGGER, SIGNAL_VERSION, SUBENTRY_SIGNAL, WHOLE_MARKET
from .market import StreamName, StreamStatus, Trade
from .market_part import MarketPart
from .market_parts import MarketParts
from .price_signal import PriceSignal, device_of, rule_from
from .signal_state import Quote, SignalPrice
from .subentries import Subentries


class PriceSignals:
    """Gives each signal what is known of its price."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        parts: MarketParts,
        streams: Mapping[StreamName, StreamStatus],
        on_switched: CALLBACK_TYPE,
    ) -> None:
        """Begin with the signals that the entry has."""
        self._hass = hass
        self._entry = entry
        self._parts = parts
        self._streams = streams
        self._on_switched = on_switched
        self._subentries = Subentries(entry, SUBENTRY_SIGNAL, SIGNAL_VERSION)
        self._add_entities: list[Callable[[PriceSignal], None]] = []
        self._old_trades: dict[str, Trade | None] = {}
        """By part: the last trade before an outage, in which others may have been missed."""
        self.by_identifier: dict[str, PriceSignal] = {}
        self.async_sync()

    @callback
    def async_for_each(self, add_entities: Callable[[PriceSignal], None]) -> None:
        """Call a platform for each signal, now and when one is added."""
        self._add_entities.append(add_entities)
        for signal in self.by_identifier.values():
            add_entities(signal)

    @callback
    def async_sync(self) -> None:
        """Follow what the user did to the signals, and to the areas that they watch."""
        subentries = {subentry.subentry_id: subentry for subentry in self._subentries}
        for identifier in self.by_identifier.keys() - subentries.keys():
            self.by_identifier.pop(identifier).async_stop()
            self._on_switched()
        for identifier, subentry in subentries.items():
            part = self._part(subentry)
            known = self.by_identifier.get(identifier)
            if part is None and (known is None or known.part is not None):
                LOGGER.warning(
                    "The signal %s is unavailable: the area that it watches is not"
                    " there any more. Choose another with its Reconfigure",
                    subentry.title,
                )
            if known is None:
                self._add(subentry, part)
            else:
                self._change(known, subentry, part)

    @callback
    def async_follow(self, stream: StreamName) -> None:
        """Let each signal take what a stream tells now."""
        if stream is StreamName.TICKER and not self._streams[stream].connected:
            self._old_trades = {
                part.identifier: part.figures.last_trade for part in self._parts
            }
        for signal in self.by_identifier.values():
            if signal.stream is stream:
                self._update(signal)

    @callback
    def async_stop(self) -> None:
        """Wait for no least time any more."""
        for signal in self.by_identifier.values():
            signal.async_stop()

    def _part(self, subentry: ConfigSubentry) -> MarketPart | None:
        """Return what a signal watches."""
        part = subentry.data[CONF_PART]
        if part == WHOLE_MARKET:
            return self._parts.whole
        return self._parts.by_identifier.get(part)

    def _add(self, subentry: ConfigSubentry, part: MarketPart | None) -> None:
        signal = PriceSignal(self._hass, subentry, part, self._on_switched)
        self.by_identifier[signal.identifier] = signal
        self._update(signal)
        for add_entities in self._add_entities:
            add_entities(signal)

    def _change(
        self, known: PriceSignal, subentry: ConfigSubentry, part: MarketPart | None
    ) -> None:
        """Let a signal be as it is defined now; its entities and listeners stay."""
        if known.device != (device := device_of(subentry)):
            known.device = device
            dr.async_get(self._hass).async_get_or_create(
                config_entry_id=self._entry.entry_id,
                config_subentry_id=known.identifier,
                **device,
            )
        if known.async_define(rule_from(subentry.data), part):
            self._update(known)

    def _update(self, signal: PriceSignal) -> None:
        if signal.part is None or not self._streams[signal.stream].connected:
            signal.async_take(None, available=False)
        else:
            quote = self._quote(signal.part, signal.state.rule.price)
            signal.async_take(quote, available=True)

    def _quote(self, part: MarketPart, price: SignalPrice) -> Quote | None:
        """Return what is known of a price; None before the market has said it."""
        if price is SignalPrice.LAST_PRICE:
            trade = part.figures.last_trade
            if trade is None or trade is self._old_trades.get(part.identifier):
                return None
            return Quote(trade.price, (trade,))
        if part.book is None or part.figures.book is None:
            return None
        if price is SignalPrice.BEST_BID:
            return Quote(part.figures.book.best_bid, part.book.bids)
        return Quote(part.figures.book.best_ask, part.book.asks)
