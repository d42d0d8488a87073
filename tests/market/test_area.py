"""Areas against a reckoning that looks at one order and one area at a time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from custom_components.glocalflex.market import (
    Area,
    BookOrder,
    Location,
    OrderBook,
    divide,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

countries = st.sampled_from(["FI", "DE", "CH", "", None])
place_ids = st.sampled_from(["a", "b", "c"])
locations = st.none() | st.builds(
    Location,
    location_id=st.none() | st.lists(place_ids | st.none(), max_size=2).map(tuple),
    country_code=countries,
)
orders = st.builds(
    BookOrder,
    price=st.floats(-10, 10),
    power=st.sampled_from([0.0, 99.9, 100.0, 5000.0]),
    delivery_start=st.none()
    | st.sampled_from([-1, 0, 59, 60, 61, 600]).map(
        lambda minutes: NOON + timedelta(minutes=minutes)
    ),
    location=locations,
)
areas = st.builds(
    Area,
    country_codes=st.frozensets(st.sampled_from(["FI", "DE"])),
    location_ids=st.frozensets(place_ids, max_size=2),
    least_power=st.sampled_from([0.0, 100.0]),
    horizon=st.sampled_from([None, timedelta(hours=1)]),
    includes_unlocated=st.booleans(),
)


def belongs(order: BookOrder, area: Area) -> bool:
    """Reckon from the definition, without the code that is tried."""
    country, ids = "", set[str]()
    if order.location is not None:
        country = order.location.country_code or ""
        ids = {name for name in order.location.location_id or () if name}
    if country == "" and not ids:
        is_there = area.includes_unlocated
    else:
        is_there = all(
            (
                not area.country_codes or country in area.country_codes,
                not area.location_ids or bool(area.location_ids & ids),
            )
        )
    is_soon = area.horizon is None or (
        order.delivery_start is not None and order.delivery_start <= NOON + area.horizon
    )
    return is_there and is_soon and order.power >= area.least_power


@given(st.lists(orders), st.lists(orders), st.lists(areas, max_size=5))
def test_divide(
    bids: list[BookOrder], asks: list[BookOrder], parts: list[Area]
) -> None:
    """Each area has just what belongs to it, in the book's order."""
    book = OrderBook(created_at=NOON, bids=tuple(bids), asks=tuple(asks))
    divided = divide(book, parts)
    assert len(divided) == len(parts)
    for area, part in zip(parts, divided, strict=True):
        assert part.created_at == NOON
        assert list(part.bids) == [order for order in bids if belongs(order, area)]
        assert list(part.asks) == [order for order in asks if belongs(order, area)]
        assert all(area.contains(order, NOON) for order in (*part.bids, *part.asks))
