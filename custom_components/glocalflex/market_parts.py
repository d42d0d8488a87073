"""The whole market and its areas, kept as the user defines them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import AREA_VERSION, SUBENTRY_AREA
from .market import BookOrder, ExpiredOrder, OrderBook, Trade, divide
from .market_part import MarketPart
from .state import Period, is_overtaken
from .statistics import async_clear_statistics
from .subentries import Subentries

# Names of places to suggest; a market that makes up new ones must not fill the memory.
SEEN_LIMIT = 1000


@dataclass(kw_only=True)
class Seen:
    """What was seen on the market since Home Assistant started, to suggest and to warn."""

    country_codes: set[str] = field(default_factory=set)
    location_ids: set[str] = field(default_factory=set)
    highest_power: float = 0.0
    """W."""

    def add(self, placed: Trade | ExpiredOrder | BookOrder) -> None:
        """Take note of where and how much."""
        if placed.power is not None:
            self.highest_power = max(self.highest_power, placed.power)
        if placed.location is not None:
            if placed.location.country_code:
                self.country_codes.add(placed.location.country_code)
            if len(self.location_ids) < SEEN_LIMIT:
                self.location_ids.update(placed.location.location_ids)


class MarketParts:
    """Gives each part of the market what belongs to it."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], midnight: datetime
    ) -> None:
        """Begin with the areas that the entry has."""
        self._hass = hass
        self._entry = entry
        self._midnight = midnight
        self.whole = MarketPart.whole(entry, midnight)
        self.by_identifier = {self.whole.identifier: self.whole}
        """The whole market first."""
        self._book: OrderBook | None = None
        self._seen = Seen()
        self._subentries = Subentries(entry, SUBENTRY_AREA, AREA_VERSION)
        self._add_entities: list[Callable[[MarketPart], None]] = []
        self.async_sync()

    def __iter__(self) -> Iterator[MarketPart]:
        """Iterate over the whole market and its areas."""
        return iter(self.by_identifier.values())

    @callback
    def async_for_each(self, add_entities: Callable[[MarketPart], None]) -> None:
        """Call a platform for each part, now and when one is added."""
        self._add_entities.append(add_entities)
        for part in self:
            add_entities(part)

    @callback
    def async_register_device(self, part: MarketPart) -> str:
        """Have a part's device in the registry, by its present name; return its id."""
        return (
            dr.async_get(self._hass)
            .async_get_or_create(
                config_entry_id=self._entry.entry_id,
                config_subentry_id=part.subentry_id,
                **part.device,
            )
            .id
        )

    @callback
    def async_sync(self) -> bool:
        """Follow what the user did to the areas; return whether that was anything."""
        areas = {
            subentry.subentry_id: MarketPart.of_area(
                self._entry, subentry, self._midnight
            )
            for subentry in self._subentries
        }
        removed = self.by_identifier.keys() - areas.keys() - {self.whole.identifier}
        for identifier in removed:
            del self.by_identifier[identifier]
        if removed:
            async_clear_statistics(self._hass, removed)
        added: list[MarketPart] = []
        changed: list[MarketPart] = []
        for identifier, area in areas.items():
            if (known := self.by_identifier.get(identifier)) is None:
                self.by_identifier[identifier] = area
                added.append(area)
            elif self._change(known, area):
                changed.append(known)
        self._reckon_books(added + changed)
        for area in added:
            for add_entities in self._add_entities:
                add_entities(area)
        return bool(removed or added or changed)

    def containing(self, message: Trade | ExpiredOrder) -> list[MarketPart]:
        """Return the parts that a trade or an expired order belongs to."""
        self._seen.add(message)
        return [part for part in self if part.contains(message)]

    def take_book(self, book: OrderBook) -> None:
        """Give each part its figures of a snapshot, unless a newer one came first."""
        if self._book is None or not is_overtaken(
            book.created_at, self._book.created_at
        ):
            self._book = book
            self._reckon_books(list(self))

    def drop_book(self) -> None:
        """Forget the book: the next snapshot replaces it whole."""
        self._book = None
        for part in self:
            part.async_take_book(None)

    def start_day(self, midnight: datetime) -> None:
        """Set what is counted by the day back."""
        self._midnight = midnight
        for part in self:
            part.figures.day = Period(start=midnight)

    def end_hour(self, next_hour: datetime) -> list[tuple[MarketPart, Period]]:
        """Begin another hour; return what happened in the one before."""
        return [
            (part, ended)
            for part in self
            if (ended := part.figures.end_hour(next_hour)) is not None
        ]

    def seen(self) -> Seen:
        """Return what was seen on the market so far."""
        if self._book is not None:
            for order in (*self._book.bids, *self._book.asks):
                self._seen.add(order)
        return self._seen

    def _change(self, known: MarketPart, area: MarketPart) -> bool:
        """Let an area be as it is defined now; its entities and listeners stay."""
        if known.device != area.device:
            known.device = area.device
            self.async_register_device(known)
        if (known.area, known.size) == (area.area, area.size):
            return False
        if known.area != area.area:
            # What was counted under another definition is not this area's, but
            # its statistics go on.
            area.figures.last_hour = known.figures.last_hour
            known.area, known.figures = area.area, area.figures
        known.size = area.size
        return True

    def _reckon_books(self, parts: list[MarketPart]) -> None:
        """Give parts their figures of the newest book."""
        if self._book is None:
            return
        if self.whole in parts:
            self.whole.async_take_book(self._book)
        areas = [(part, part.area) for part in parts if part.area is not None]
        books = divide(self._book, [area for _, area in areas])
        for (part, _), book in zip(areas, books, strict=True):
            part.async_take_book(book)
