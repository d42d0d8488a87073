"""One market, followed: messages to state, and to whoever listens."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .const import ATTR_PRACTICE, LOGGER, MessageKind
from .delivery_clock import DeliveryClock
from .market import (
    QUARTER,
    ContractUpdate,
    CredentialsRefused,
    ExpiredOrder,
    MarketClient,
    Message,
    OrderBook,
    OrderUpdate,
    StreamName,
    StreamStatus,
    Trade,
    TradeHistory,
    UndecodableFrame,
    UnknownMessage,
    quarter_of,
)
from .market_part import MarketPart, this_hour
from .market_parts import MarketParts
from .message_fields import message_fields
from .notifier import Notifier
from .price_signals import PriceSignals
from .state import Own, Period
from .statistics import HourlyStatistics
from .store import SAVE_COUNTERS_AFTER, SAVE_STATUS_AFTER, MarketStore

if TYPE_CHECKING:
    # A home that does not practise never loads it.
    from .practice import PracticeMarket

type GLocalFlexConfigEntry = ConfigEntry[MarketCoordinator]


@dataclass(kw_only=True)
class Traffic:
    """What came over one stream since Home Assistant started."""

    messages: int = 0
    undecodable: int = 0
    last_message_at: datetime | None = None


class MarketCoordinator:
    """Holds one entry's market: its client, its state and its listeners.

    A state may be conflated: its listeners are called at most once a second.
    An event is delivered at once, in order, to the bus and to its listeners.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GLocalFlexConfigEntry,
        client: MarketClient,
        store: MarketStore,
    ) -> None:
        """Prepare the coordinator; async_start() connects it."""
        self.hass = hass
        self.entry = entry
        self.client = client
        self.parts = MarketParts(hass, entry, _midnight())
        # Events name the device from the first one on.
        self._device_id = self.parts.async_register_device(self.parts.whole)
        self.own = Own()
        self.deliveries = DeliveryClock(hass, self.own)
        self.trades = TradeHistory()
        self.streams = dict.fromkeys(client.stream_names, StreamStatus())
        self.traffic = {name: Traffic() for name in client.stream_names}
        self.practice: PracticeMarket | None = None
        self._store = store
        self._statistics = HourlyStatistics(hass)
        self._notifiers = {name: Notifier(hass) for name in client.stream_names}
        self.signals = PriceSignals(
            hass, entry, self.parts, self.streams, self._save_status
        )
        for name, notifier in self._notifiers.items():
            notifier.async_add_listener(partial(self.signals.async_follow, name))
        self._unknown_types: set[str] = set()
        self._task: asyncio.Task[None]
        self._cancel_midnight: CALLBACK_TYPE
        self._cancel_quarter: CALLBACK_TYPE

    async def async_load(self) -> None:
        """Take up where the last run ended."""
        await self._store.async_load(
            self.parts.by_identifier, self.own, self.signals.by_identifier
        )

    @callback
    def async_start(self) -> None:
        """Follow the market until the entry is unloaded."""
        self._follow_days()
        # The last run may have ended before these were written.
        self._write_statistics(
            [
                (part, part.figures.last_hour)
                for part in self.parts
                if part.figures.last_hour is not None
            ]
        )
        self._follow_quarters()
        self.deliveries.async_start()
        self.entry.async_on_unload(
            async_dispatcher_connect(
                self.hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._on_entry_changed
            )
        )
        self._task = self.entry.async_create_background_task(
            self.hass,
            self.client.run(
                on_message=self._on_message,
                on_undecodable=self._on_undecodable,
                on_status=self._on_status,
                on_credentials_refused=self._on_credentials_refused,
            ),
            f"GLocalFlex market of {self.entry.title}",
        )
        self.entry.async_on_unload(
            self.hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self.async_stop)
        )

    async def async_stop(self, _event: Event | None = None) -> None:
        """Let go of the market and write down what must survive."""
        self._cancel_midnight()
        self._cancel_quarter()
        self._task.cancel()
        await asyncio.wait([self._task])
        self.deliveries.async_stop()
        for notifier in self._notifiers.values():
            notifier.async_stop()
        self.signals.async_stop()
        await self._store.async_save()

    @callback
    def async_add_listener(
        self, stream: StreamName, listener: CALLBACK_TYPE
    ) -> CALLBACK_TYPE:
        """Call a listener when what a stream tells has changed; returns the way out."""
        return self._notifiers[stream].async_add_listener(listener)

    @callback
    def _on_entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Follow what the user does to areas and signals, while the streams go on."""
        if entry is not self.entry or change is not ConfigEntryChange.UPDATED:
            return
        are_parts_changed = self.parts.async_sync()
        # Before anything is told, as a signal may watch what is there no more.
        self.signals.async_sync()
        if are_parts_changed:
            self._store.async_save_within(SAVE_COUNTERS_AFTER)
            for notifier in self._notifiers.values():
                notifier.async_notify_now()

    @callback
    def _save_status(self) -> None:
        """Have written soon what is rare and matters."""
        self._store.async_save_within(SAVE_STATUS_AFTER)

    @callback
    def _on_message(self, stream: StreamName, message: Message) -> None:
        """Take a message into the state and tell who listens."""
        traffic = self.traffic[stream]
        traffic.messages += 1
        traffic.last_message_at = now = dt_util.utcnow()
        match message:
            case OrderBook():
                self.parts.take_book(message)
                if message.skipped:
                    self._count_undecodable(
                        stream, message.skipped, "orders of the book cannot be read"
                    )
            case Trade():
                self.trades.add(message, now)
                parts = self.parts.containing(message)
                for part in parts:
                    part.figures.add_trade(message)
                self._deliver(MessageKind.TRADE, message, parts)
                self._store.async_save_within(SAVE_COUNTERS_AFTER)
            case ExpiredOrder():
                parts = self.parts.containing(message)
                for part in parts:
                    part.figures.add_expired_order(message)
                self._deliver(MessageKind.ORDER_EXPIRED, message, parts)
                self._store.async_save_within(SAVE_COUNTERS_AFTER)
            case OrderUpdate():
                if self.own.add_order(message):
                    self.deliveries.async_own_changed()
                    self._deliver(MessageKind.ORDER_STATUS, message, [self.parts.whole])
                    self._store.async_save_within(SAVE_STATUS_AFTER)
            case ContractUpdate():
                if self.own.add_contract(message):
                    self.deliveries.async_own_changed()
                    self._deliver(
                        MessageKind.CONTRACT_STATUS, message, [self.parts.whole]
                    )
                    self._store.async_save_within(SAVE_STATUS_AFTER)
            case UnknownMessage(type=unknown) if unknown not in self._unknown_types:
                self._unknown_types.add(unknown)
                LOGGER.info("%s sends messages of an unknown type %s", stream, unknown)
        self._notifiers[stream].async_notify()

    @callback
    def _deliver(
        self,
        kind: MessageKind,
        message: Trade | ExpiredOrder | OrderUpdate | ContractUpdate,
        parts: Iterable[MarketPart],
    ) -> None:
        """Fire an event once, and hand it to the parts of the market that it belongs to."""
        fields = message_fields(message)
        if self.practice is not None:
            fields[ATTR_PRACTICE] = True
        self.hass.bus.async_fire(
            kind.event_type,
            {
                "config_entry_id": self.entry.entry_id,
                "device_id": self._device_id,
                **fields,
            },
        )
        for part in parts:
            part.async_deliver(kind, fields)

    @callback
    def _on_undecodable(self, stream: StreamName, error: UndecodableFrame) -> None:
        """Count a frame that means nothing; what is known stays."""
        self._count_undecodable(stream, 1, str(error))
        self._notifiers[stream].async_notify()

    @callback
    def _count_undecodable(self, stream: StreamName, count: int, reason: str) -> None:
        """Count what cannot be read, and say so once a run."""
        traffic = self.traffic[stream]
        if not traffic.undecodable:
            LOGGER.warning(
                "%s: something on the %s stream cannot be read and is left out"
                " (further ones are only counted): %s",
                self.entry.title,
                stream,
                reason,
            )
        traffic.undecodable += count

    @callback
    def _on_status(self, stream: StreamName, status: StreamStatus) -> None:
        """Follow a stream's going and coming; each is logged once."""
        before = self.streams[stream]
        self.streams[stream] = status
        if status.connected:
            LOGGER.info("%s: the %s stream works", self.entry.title, stream)
        elif before.connected or before.error is None:
            LOGGER.warning(
                "%s: the %s stream is away: %s", self.entry.title, stream, status.error
            )
        if not status.connected and stream is StreamName.ORDER_BOOK:
            self.parts.drop_book()
        if status.connected != before.connected:
            if stream is StreamName.TICKER:
                self.trades.follow(dt_util.utcnow() if status.connected else None)
            self._notifiers[stream].async_notify_now()

    @callback
    def _on_credentials_refused(self, _error: CredentialsRefused) -> None:
        """Ask the user; market data goes on meanwhile."""
        self.entry.async_start_reauth(self.hass)

    @callback
    def _follow_days(self, _now: datetime | None = None) -> None:
        """Set what is counted by the day back at local midnight, and plan the next."""
        self._cancel_midnight = async_track_point_in_utc_time(
            self.hass, self._follow_days, _midnight(days_ahead=1)
        )
        if (today := _midnight()) == self.parts.whole.figures.day.start:
            return
        self.parts.start_day(today)
        self.own.forget(today)
        self.deliveries.async_own_changed()
        self._store.async_save_within(SAVE_COUNTERS_AFTER)
        for notifier in self._notifiers.values():
            notifier.async_notify_now()

    @callback
    def _follow_quarters(self, _now: datetime | None = None) -> None:
        """Move the forward curve on with the clock, end an hour that is over, and plan the next."""
        self._cancel_quarter = async_track_point_in_utc_time(
            self.hass, self._follow_quarters, quarter_of(dt_util.utcnow()) + QUARTER
        )
        if ended := self.parts.end_hour(this_hour()):
            self._write_statistics(ended)
            # Soon, or a crash would have it that the hour is not over.
            self._store.async_save_within(SAVE_STATUS_AFTER)
        self._notifiers[StreamName.ORDER_BOOK].async_notify_now()

    @callback
    def _write_statistics(self, hours: list[tuple[MarketPart, Period]]) -> None:
        """Have hours written that are over."""
        self.entry.async_create_task(
            self.hass,
            self._statistics.async_write(hours),
            f"GLocalFlex statistics of {self.entry.title}",
        )


def _midnight(*, days_ahead: int = 0) -> datetime:
    """Return the beginning of a local day, in UTC.

    Local clocks that change at midnight skip it or strike it twice; in UTC it
    comes once, and compares with what was stored.
    """
    day = dt_util.now().date() + timedelta(days=days_ahead)
    return dt_util.utc_from_timestamp(dt_util.start_of_local_day(day).timestamp())
