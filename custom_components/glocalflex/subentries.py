"""An entry's subentries of one type, as far as this version can read them."""

from collections.abc import Iterator
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry

from .const import CONF_VERSION, LOGGER


class Subentries:
    """Those of one type; one that a newer version made is left as it is, and said to be so once."""

    def __init__(
        self, entry: ConfigEntry[Any], subentry_type: str, version: int
    ) -> None:
        """Know the newest version of their data that can be read."""
        self._entry = entry
        self._type = subentry_type
        self._version = version
        self._unreadable: set[str] = set()

    def __iter__(self) -> Iterator[ConfigSubentry]:
        """Iterate over those there are now."""
        for subentry in self._entry.subentries.values():
            if subentry.subentry_type == self._type and self._is_readable(subentry):
                yield subentry

    def _is_readable(self, subentry: ConfigSubentry) -> bool:
        if subentry.data[CONF_VERSION] <= self._version:
            return True
        if subentry.subentry_id not in self._unreadable:
            self._unreadable.add(subentry.subentry_id)
            LOGGER.error(
                "The %s %s was made by a newer version of this integration:"
                " it is kept, and works again with that version",
                self._type,
                subentry.title,
            )
        return False
