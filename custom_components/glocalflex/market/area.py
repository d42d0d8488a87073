"""A part of the market: which of its orders and trades belong to it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from .model import BookOrder, Location, OrderBook


class Placed(Protocol):
    """What an order, a trade and an expired order have in common."""

    @property
    def power(self) -> float | None:
        """W."""

    @property
    def delivery_start(self) -> datetime | None:
        """When its delivery begins."""

    @property
    def location(self) -> Location | None:
        """Where it is."""


class Area(Struct, frozen=True, kw_only=True):
    """What belongs to an area must fit everything that is set here."""

    country_codes: frozenset[str] = frozenset()
    """ISO 3166-1 alpha-2; none is every country."""

    location_ids: frozenset[str] = frozenset()
    """The market's names for places, of which one must be the order's; none is every place."""

    least_power: float = 0.0
    """W."""

    horizon: timedelta | None = None
    """How far ahead a delivery may start; None is any time."""

    includes_unlocated: bool = False
    """Whether what names neither a country nor a place belongs here too."""

    def fits_place(self, location: Location | None) -> bool:
        """Tell whether a place lies in the area."""
        country = location.country_code if location else None
        ids = location.location_ids if location else ()
        if not country and not ids:
            return self.includes_unlocated
        if self.country_codes and country not in self.country_codes:
            return False
        return not self.location_ids or not self.location_ids.isdisjoint(ids)

    def fits_terms(self, placed: Placed, now: datetime) -> bool:
        """Tell whether power and delivery fit, wherever it is."""
        if self.least_power and (placed.power or 0.0) < self.least_power:
            return False
        if self.horizon is None:
            return True
        start = placed.delivery_start
        return start is not None and start - now <= self.horizon

    def contains(self, placed: Placed, now: datetime) -> bool:
        """Tell whether something belongs to the area; `now` is the market's time."""
        return self.fits_place(placed.location) and self.fits_terms(placed, now)


def divide(book: OrderBook, areas: Sequence[Area]) -> list[OrderBook]:
    """Return each area's part of a book. Every order is looked at once."""
    bids = _divide(book.bids, areas, book.created_at)
    asks = _divide(book.asks, areas, book.created_at)
    return [
        OrderBook(
            created_at=book.created_at, bids=tuple(area_bids), asks=tuple(area_asks)
        )
        for area_bids, area_asks in zip(bids, asks, strict=True)
    ]


def _divide(
    orders: Iterable[BookOrder], areas: Sequence[Area], now: datetime
) -> list[list[BookOrder]]:
    """Return each area's orders."""
    parts: list[list[BookOrder]] = [[] for _ in areas]
    # A book has many orders and few places: each place is sought in the areas once.
    areas_by_place: dict[object, list[tuple[Area, list[BookOrder]]]] = {}
    for order in orders:
        location = order.location
        place = location and (location.country_code, location.location_id)
        if (candidates := areas_by_place.get(place)) is None:
            candidates = areas_by_place[place] = [
                (area, part)
                for area, part in zip(areas, parts, strict=True)
                if area.fits_place(location)
            ]
        for area, part in candidates:
            if area.fits_terms(order, now):
                part.append(order)
    return parts
