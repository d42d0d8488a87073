"""What a user asks for: an order as it came, checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import cast

from .documents import Json
from .orders import MILLIWATTS, Order, Place, Side, Window
from .wire import COUNTRIES

HIGHEST_POWER = 1e9
"""W; anything above is a slip of the keyboard."""

FURTHEST = timedelta(days=366)
"""How far ahead a delivery may end (a guess)."""


class OrderRefused(ValueError):
    """An order that the market does not take."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Say what is wrong, by field."""
        super().__init__(
            "; ".join(f"{field} {problem}" for field, problem in problems.items())
        )
        self.problems = problems


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRequest:
    """An order that has no id yet."""

    side: Side
    milliwatts: int
    price: float
    window: Window
    place: Place
    expiry_time: datetime
    baseline: Json = None

    @property
    def awaits_baseline(self) -> bool:
        """Tell whether it can not enter the market yet."""
        return self.side == "sell" and not self.baseline

    def order(self, order_id: str, owner: str | None) -> Order:
        """Make an order of it."""
        return Order(
            order_id=order_id,
            owner=owner,
            side=self.side,
            milliwatts=self.milliwatts,
            price=self.price,
            window=self.window,
            place=self.place,
            expiry_time=self.expiry_time,
            baseline=self.baseline,
        )


def parse(body: Json, now: datetime) -> OrderRequest:
    """Check an order as it came.

    Raises OrderRefused with everything that is wrong.
    """
    if not isinstance(body, dict):
        raise OrderRefused({"body": "must be a JSON object"})
    problems: dict[str, str] = {}

    def field[T](name: str, check: Callable[[Json], T]) -> T | None:
        if name not in body:
            problems[name] = "is missing"
            return None
        try:
            return check(body[name])
        except ValueError as err:
            problems[name] = str(err)
            return None

    side = field("side", _side)
    milliwatts = field("power", _power)
    price = field("price", _number)
    start = field("delivery_start", parse_time)
    end = field("delivery_end", parse_time)
    expiry_time = field("expiry_time", parse_time)
    place = field("location", parse_location)
    baseline = _baseline(body.get("baseline"), problems)
    if start and start <= now:
        problems["delivery_start"] = "must lie in the future"
    if start and end and end <= start:
        problems["delivery_end"] = "must be after delivery_start"
    if end and end > now + FURTHEST:
        problems["delivery_end"] = f"must lie within {FURTHEST.days} days"
    if expiry_time and expiry_time <= now:
        problems["expiry_time"] = "must lie in the future"
    if problems:
        raise OrderRefused(problems)
    assert side and milliwatts and price is not None and start and end and expiry_time
    assert place is not None
    return OrderRequest(
        side=side,
        milliwatts=milliwatts,
        price=price,
        window=Window(start, end),
        place=place,
        expiry_time=expiry_time,
        baseline=baseline,
    )


def parse_time(value: Json) -> datetime:
    """Read an RFC 3339 time."""
    try:
        time = datetime.fromisoformat(cast("str", value))
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except TypeError, ValueError, OverflowError:
        raise ValueError("must be an RFC 3339 time") from None
    raise ValueError("must carry an offset or Z")


def parse_location(value: Json) -> Place:
    """Read a location as an order carries it."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")  # noqa: TRY004 - told to the sender, like all others
    ids = value.get("location_id", [])
    if not isinstance(ids, list) or not all(
        name is None or isinstance(name, str) for name in ids
    ):
        raise ValueError("must hold location_id, a list of text or null")
    country = value.get("country_code", "")
    if not isinstance(country, str) or (country and country not in COUNTRIES):
        raise ValueError(
            f"must hold country_code, one of {', '.join(COUNTRIES)} or empty"
        )
    return Place(country, tuple(sorted({str(name) for name in ids if name})))


def _side(value: Json) -> Side:
    if value not in ("buy", "sell"):
        raise ValueError("must be buy or sell")
    return cast("Side", value)


def _number(value: Json) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not isfinite(value)
    ):
        raise ValueError("must be a number")
    return float(value)


def _power(value: Json) -> int:
    power = _number(value)
    if not 1 / MILLIWATTS <= power <= HIGHEST_POWER:
        raise ValueError(f"must be above 0 and at most {HIGHEST_POWER:.0f} W")
    return round(power * MILLIWATTS)


def _baseline(value: Json, problems: dict[str, str]) -> Json:
    if value is not None and not isinstance(value, dict):
        problems["baseline"] = "must be an object or null"
    return value
