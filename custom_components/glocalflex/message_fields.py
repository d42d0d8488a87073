"""A message as flat fields, for events and answers: numbers as numbers, times as ISO 8601."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from .market import ContractUpdate, ExpiredOrder, Location, OrderUpdate, Trade

type TimeText = Callable[[datetime], str]


def message_fields(
    message: Trade | ExpiredOrder | OrderUpdate | ContractUpdate,
    time_text: TimeText = datetime.isoformat,
) -> dict[str, Any]:
    """Return a message's fields; what the market left out is None."""
    fields: dict[str, Any] = {}
    _add_fields(fields, message, time_text)
    return fields


def _add_fields(fields: dict[str, Any], struct: Struct, time_text: TimeText) -> None:
    for name, value in structs.asdict(struct).items():
        if name == "location":
            _add_location(fields, value or Location())
        elif isinstance(value, Struct):
            _add_fields(fields, value, time_text)
        elif isinstance(value, datetime):
            fields[name] = time_text(value)
        else:
            fields[name] = value


def _add_location(fields: dict[str, Any], location: Location) -> None:
    coordinates = location.coordinates
    fields["country_code"] = location.country_code or None
    fields["location_ids"] = list(location.location_ids)
    fields["latitude"] = coordinates.latitude if coordinates else None
    fields["longitude"] = coordinates.longitude if coordinates else None
