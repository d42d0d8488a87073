"""A message as flat fields, for events: numbers as numbers, times as ISO 8601."""

from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from .market import ContractUpdate, ExpiredOrder, Location, OrderUpdate, Trade


def message_fields(
    message: Trade | ExpiredOrder | OrderUpdate | ContractUpdate,
) -> dict[str, Any]:
    """Return a message's fields; what the market left out is None."""
    fields: dict[str, Any] = {}
    _add_fields(fields, message)
    return fields


def _add_fields(fields: dict[str, Any], struct: Struct) -> None:
    for name, value in structs.asdict(struct).items():
        if name == "location":
            _add_location(fields, value or Location())
        elif isinstance(value, Struct):
            _add_fields(fields, value)
        elif isinstance(value, datetime):
            fields[name] = value.isoformat()
        else:
            fields[name] = value


def _add_location(fields: dict[str, Any], location: Location) -> None:
    coordinates = location.coordinates
    fields["country_code"] = location.country_code or None
    fields["location_ids"] = list(location.location_ids)
    fields["latitude"] = coordinates.latitude if coordinates else None
    fields["longitude"] = coordinates.longitude if coordinates else None
