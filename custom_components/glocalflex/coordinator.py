"""One market, followed: messages to state, and to whoever listens."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigSubentry,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .const import AREA_VERSION, CONF_VERSION, LOGGER, SUBENTRY_AREA, MessageKind
from .market import (
    BookOrder,
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
    UndecodableFrame,
    UnknownMessage,
    divide,
    summarise,
)
from .market_part import MarketPart
from .message_fields import message_fields
from .notifier import Notifier
from .state import Day, Own, is_overtaken
from .store import SAVE_COUNTERS_AFTER, SAVE_STATUS_AFTER, MarketStore

# Names of places to suggest; a market that makes up new ones must not fill the memory.
SEEN_LIMIT = 1000

type GLocalFlexConfigEntry = ConfigEntry[MarketCoordinator]


@dataclass(kw_only=True)
class Traffic:
    """What came over one stream since Home Assistant started."""

    messages: int = 0
    undecodable: int = 0
    last_message_at: datetime | None = None


@dataclass(kw_only=True)
class Seen:
    """What was seen on the market since Home Assistant started, to suggest and to warn."""

    country_codes: set[str] = field(default_factory=set)
    location_ids: set[str] = field(default_factory=set)
    highest_power: float = 0.0
    """W."""

    def add(self, message: Trade | ExpiredOrder | BookOrder) -> None:
        """Take note of where and how much."""
        if message.power is not None:
            self.highest_power = max(self.highest_power, message.power)
        if message.location is not None:
            if message.location.country_code:
                self.country_codes.add(message.location.country_code)
            if len(self.location_ids) < SEEN_LIMIT:
                self.location_ids.update(message.location.location_ids)


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
        self.market = MarketPart.whole(entry, _midnight())
        self.parts = {self.market.identifier: self.market}
        """The whole market, then each area, by identifier."""
        # Events name the device from the first one on.
        self._device_id = self._register_device(self.market)
        self.own = Own()
        self.streams = dict.fromkeys(client.stream_names, StreamStatus())
        self.traffic = {name: Traffic() for name in client.stream_names}
        self._store = store
        self._notifiers = {name: Notifier(hass) for name in client.stream_names}
        self._unknown_types: set[str] = set()
        self._book: OrderBook | None = None
        self._seen = Seen()
        self._unreadable_areas: set[str] = set()
        self._add_part_entities: list[Callable[[MarketPart], None]] = []
        self._sync_areas()

        self._task: asyncio.Task[None]
        self._cancel_midnight: CALLBACK_TYPE

    async def async_load(self) -> None:
        """Take up where the last run ended."""
        await self._store.async_load(self.parts, self.own)

    @callback
    def async_start(self) -> None:
        """Follow the market until the entry is unloaded."""
        self._follow_days()
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
        self._task.cancel()
        await asyncio.wait([self._task])
        for notifier in self._notifiers.values():
            notifier.async_stop()
        await self._store.async_save()

    @callback
    def async_add_listener(
        self, stream: StreamName, listener: CALLBACK_TYPE
    ) -> CALLBACK_TYPE:
        """Call a listener when what a stream tells has changed; returns the way out."""
        return self._notifiers[stream].async_add_listener(listener)

    @callback
    def seen(self) -> Seen:
        """Return what was seen on the market so far."""
        if self._book is not None:
            for order in (*self._book.bids, *self._book.asks):
                self._seen.add(order)
        return self._seen

    @callback
    def async_for_each_part(self, add_entities: Callable[[MarketPart], None]) -> None:
        """Call a platform for the whole market and for each area, now and when one is added."""
        self._add_part_entities.append(add_entities)
        for part in self.parts.values():
            add_entities(part)

    @callback
    def _on_entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Follow what the user does to the areas, while the streams go on."""
        if entry is self.entry and change is ConfigEntryChange.UPDATED:
            for part in self._sync_areas():
                for add_entities in self._add_part_entities:
                    add_entities(part)
            for notifier in self._notifiers.values():
                notifier.async_notify_now()

    @callback
    def _sync_areas(self) -> list[MarketPart]:
        """Have a part for each area as it is defined now; return those that are new."""
        areas = {
            subentry.subentry_id: subentry
            for subentry in self.entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_AREA and self._is_readable(subentry)
        }
        for identifier in self.parts.keys() - areas.keys() - {self.market.identifier}:
            del self.parts[identifier]
            self._store.async_save_within(SAVE_COUNTERS_AFTER)
        added: list[MarketPart] = []
        for identifier, subentry in areas.items():
            part = MarketPart.of_area(self.entry, subentry, _midnight())
            if (known := self.parts.get(identifier)) is None:
                self.parts[identifier] = part
                added.append(part)
            else:
                self._change_area(known, part)
            self._reckon_books(self.parts[identifier])
        return added

    @callback
    def _change_area(self, known: MarketPart, part: MarketPart) -> None:
        """Let an area be as it is defined now; its entities and listeners stay."""
        if known.area != part.area:
            # What was counted under another definition is not this area's.
            known.area, known.figures = part.area, part.figures
        known.size = part.size
        if known.device["name"] != part.device["name"]:
            known.device = part.device
            self._register_device(part)

    @callback
    def _register_device(self, part: MarketPart) -> str:
        """Have a part's device in the registry, by its present name; return its id."""
        return (
            dr.async_get(self.hass)
            .async_get_or_create(
                config_entry_id=self.entry.entry_id,
                config_subentry_id=part.subentry_id,
                **part.device,
            )
            .id
        )

    @callback
    def _is_readable(self, subentry: ConfigSubentry) -> bool:
        """Tell whether this version can read an area; one that it cannot is left as it is."""
        if subentry.data[CONF_VERSION] <= AREA_VERSION:
            return True
        if subentry.subentry_id not in self._unreadable_areas:
            self._unreadable_areas.add(subentry.subentry_id)
            LOGGER.error(
                "The area %s was made by a newer version of this integration:"
                " it is kept, and works again with that version",
                subentry.title,
            )
        return False

    @callback
    def _reckon_books(self, *parts: MarketPart) -> None:
        """Give parts their figures of the newest book."""
        if self._book is None:
            return
        areas = [part for part in parts if part.area is not None]
        books = divide(self._book, [part.area for part in areas if part.area])
        if self.market in parts:
            areas.append(self.market)
            books.append(self._book)
        for part, book in zip(areas, books, strict=True):
            part.figures.book = summarise(book, part.size)

    @callback
    def _on_message(self, stream: StreamName, message: Message) -> None:
        """Take a message into the state and tell who listens."""
        traffic = self.traffic[stream]
        traffic.messages += 1
        traffic.last_message_at = dt_util.utcnow()
        match message:
            case OrderBook():
                if self._book is None or not is_overtaken(
                    message.created_at, self._book.created_at
                ):
                    self._book = message
                    self._reckon_books(*self.parts.values())
                if message.skipped:
                    self._count_undecodable(
                        stream, message.skipped, "orders of the book cannot be read"
                    )
            case Trade():
                parts = [part for part in self.parts.values() if part.contains(message)]
                self._seen.add(message)
                for part in parts:
                    part.figures.add_trade(message)
                self._deliver(MessageKind.TRADE, message, parts)
                self._store.async_save_within(SAVE_COUNTERS_AFTER)
            case ExpiredOrder():
                parts = [part for part in self.parts.values() if part.contains(message)]
                self._seen.add(message)
                for part in parts:
                    part.figures.add_expired_order(message)
                self._deliver(MessageKind.ORDER_EXPIRED, message, parts)
                self._store.async_save_within(SAVE_COUNTERS_AFTER)
            case OrderUpdate():
                if self.own.add_order(message):
                    self._deliver(MessageKind.ORDER_STATUS, message, [self.market])
                    self._store.async_save_within(SAVE_STATUS_AFTER)
            case ContractUpdate():
                if self.own.add_contract(message):
                    self._deliver(MessageKind.CONTRACT_STATUS, message, [self.market])
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
            # The next snapshot replaces it whole, so the old one is of no use.
            self._book = None
            for part in self.parts.values():
                part.figures.book = None
        if status.connected != before.connected:
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
        if (today := _midnight()) == self.market.figures.day.start:
            return
        for part in self.parts.values():
            part.figures.day = Day(start=today)
        self.own.forget(today)
        self._store.async_save_within(SAVE_COUNTERS_AFTER)
        for notifier in self._notifiers.values():
            notifier.async_notify_now()


def _midnight(*, days_ahead: int = 0) -> datetime:
    """Return the beginning of a local day, in UTC.

    Local clocks that change at midnight skip it or strike it twice; in UTC it
    comes once, and compares with what was stored.
    """
    day = dt_util.now().date() + timedelta(days=days_ahead)
    return dt_util.utc_from_timestamp(dt_util.start_of_local_day(day).timestamp())
