"""Constants of the GLocalFlex integration."""

from enum import StrEnum
import logging
from typing import Final

DOMAIN: Final = "glocalflex"

LOGGER = logging.getLogger(__package__)

CONF_KIND: Final = "kind"
CONF_CONNECTION: Final = "connection"
CONF_PLAIN: Final = "plain"
CONF_REFRESH_TOKEN: Final = "refresh_token"
CONF_SEED: Final = "seed"
CONF_PACE: Final = "pace"
CONF_EXAMPLES: Final = "examples"
CONF_SIZE: Final = "size"
CONF_CURVE_HOURS: Final = "curve_hours"
CONF_COUNTRY_CODES: Final = "country_codes"
CONF_LOCATION_IDS: Final = "location_ids"
CONF_LEAST_POWER: Final = "least_power"
CONF_HORIZON: Final = "horizon"
CONF_INCLUDES_UNLOCATED: Final = "includes_unlocated"
CONF_PART: Final = "part"
CONF_PRICE: Final = "price"
CONF_DIRECTION: Final = "direction"
CONF_LIMIT: Final = "limit"
CONF_HYSTERESIS: Final = "hysteresis"
CONF_LEAST_ON: Final = "least_on"
CONF_LEAST_OFF: Final = "least_off"

CONF_VERSION: Final = "version"

SUBENTRY_AREA: Final = "area"
AREA_VERSION: Final = 1
"""Of an area's data; what a newer version stored is left alone."""

SUBENTRY_SIGNAL: Final = "signal"
SIGNAL_VERSION: Final = 1
"""Of a price signal's data, likewise."""
WHOLE_MARKET: Final = "whole_market"
"""What a signal watches that watches no area."""
HIGHEST_PRICE: Final = 1e6
"""The highest that a person can type in, and below zero the lowest."""

DEFAULT_SEED: Final = 1
DEFAULT_CURVE_HOURS: Final = 24
DEFAULT_SIZE: Final = 1000.0
"""The size in W that buy and sell price are for."""

# The market names no currency: its example clients state prices in EUR/kWh.
PRICE_UNIT: Final = "EUR/kWh"

ATTR_PRACTICE: Final = "practice"
"""Marks what happens on a practice market."""

# What a status sensor or event shows for a status that is not documented; the
# name as it came is in an attribute.
STATUS_OTHER: Final = "other"


class EntryKind(StrEnum):
    """How an entry reaches a market."""

    ACCOUNT = "account"
    TOKEN = "token"
    PUBLIC = "public"
    PRACTICE = "practice"


class Pace(StrEnum):
    """How busy a practice market is."""

    CALM = "calm"
    NORMAL = "normal"
    BUSY = "busy"


class Rehearsed(StrEnum):
    """What can be made to happen on a practice market."""

    TRADE = "trade"
    ORDER = "order"
    DELIVERY = "delivery"


class MessageKind(StrEnum):
    """What happens on a market; on the bus as `glocalflex_` and the value."""

    TRADE = "trade"
    ORDER_EXPIRED = "order_expired"
    ORDER_STATUS = "order_status"
    CONTRACT_STATUS = "contract_status"

    @property
    def event_type(self) -> str:
        """Its name on Home Assistant's event bus."""
        return f"{DOMAIN}_{self}"
