"""Series of {start, end, value}: the shape of anything over time."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType

from .market import CurvePoint, ForwardCurve


class Price(NamedTuple):
    """A price in EUR/kWh, and the quarter of an hour that it is for."""

    start: datetime
    end: datetime
    value: float


def prices(
    curve: ForwardCurve, value_fn: Callable[[CurvePoint], float | None]
) -> list[Price]:
    """Return the quarters that have a price."""
    return [
        Price(point.start, point.end, value)
        for point in curve
        if (value := value_fn(point)) is not None
    ]


def ask_prices(curve: ForwardCurve) -> list[Price]:
    """Return the quarters in which something is offered."""
    return prices(curve, lambda point: point.best_ask)


def bid_prices(curve: ForwardCurve) -> list[Price]:
    """Return the quarters in which something is sought."""
    return prices(curve, lambda point: point.best_bid)


def local_text(time: datetime) -> str:
    """Return a time as answers give it: local, in ISO 8601."""
    return dt_util.as_local(time).isoformat()


def element(
    start: datetime, end: datetime | None, value: float | str | None
) -> JsonObjectType:
    """Return one element of a series; without an end it is so still."""
    return {
        "start": local_text(start),
        "end": None if end is None else local_text(end),
        "value": value,
    }


def curve_series(curve: ForwardCurve) -> JsonObjectType:
    """Return all that a curve holds, as one series each."""
    points: Iterable[tuple[str, Callable[[CurvePoint], float | None]]] = (
        ("best_bid", lambda point: point.best_bid),
        ("best_ask", lambda point: point.best_ask),
        ("bid_power", lambda point: point.bid_power),
        ("ask_power", lambda point: point.ask_power),
    )
    series: dict[str, JsonValueType] = {
        name: [element(point.start, point.end, value_fn(point)) for point in curve]
        for name, value_fn in points
    }
    return series
