"""Conditions of the GLocalFlex integration: a price, deliveries, and whether data is fresh.

What the automation editor shows of them is in conditions.yaml.
"""

from abc import abstractmethod
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar, Unpack, cast, override

import voluptuous as vol

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import (
    Condition,
    ConditionCheckParams,
    ConditionConfig,
)
from homeassistant.helpers.selector import NumericThresholdMode
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from .coordinator import MarketCoordinator
from .device import async_find_part
from .limit import Limit, limit_schema
from .market import StreamName
from .market_part import MarketPart
from .price import PriceType, price_now
from .target import async_target_devices, async_validate_target

CONF_PRICE_TYPE = "price_type"
CONF_THRESHOLD = "threshold"
CONF_WITHIN = "within"


class MarketCondition(Condition):
    """A condition that must be true of each part of the market that is targeted."""

    options_schema: ClassVar[vol.Schema]
    has_areas: ClassVar[bool] = True
    """Whether it can be of an area."""

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Read what was validated."""
        super().__init__(hass, config)
        self._target = config.target or {}
        self._options = config.options or {}

    @override
    @classmethod
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Refuse what never can be true."""
        schema = vol.Schema(
            {
                vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
                vol.Optional(CONF_OPTIONS, default=dict): cls.options_schema,
            }
        )
        validated = cast(ConfigType, schema(config))
        async_validate_target(hass, validated[CONF_TARGET], has_areas=cls.has_areas)
        return validated

    async def async_get_checker(self) -> Callable[..., bool]:
        """Return what checks; the oldest release that is supported asks for it."""
        return self._async_check

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Check each part; what is not set up is not true of anything."""
        devices = async_target_devices(self._hass, self._target)
        try:
            found = [async_find_part(self._hass, device_id) for device_id in devices]
        except ServiceValidationError:
            return False
        return bool(found) and all(self._is_true(*pair) for pair in found)

    @abstractmethod
    def _is_true(self, coordinator: MarketCoordinator, part: MarketPart) -> bool:
        """Tell whether it is true of one part of the market."""


class PriceCondition(MarketCondition):
    """Whether a price meets a limit; not while either is unknown."""

    options_schema = vol.Schema(
        {
            vol.Required(CONF_PRICE_TYPE): vol.Coerce(PriceType),
            vol.Required(CONF_THRESHOLD): limit_schema(NumericThresholdMode.IS),
        }
    )

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Read the limit."""
        super().__init__(hass, config)
        self._limit = Limit(hass, self._options[CONF_THRESHOLD])

    @override
    def _is_true(self, coordinator: MarketCoordinator, part: MarketPart) -> bool:
        price = price_now(coordinator, part, self._options[CONF_PRICE_TYPE])
        numbers = self._limit.now()
        if price is None or numbers is None:
            return False
        return self._limit.margin(price, numbers) > 0


class DeliveryActiveCondition(MarketCondition):
    """Whether a delivery of the user's runs now; a local fact, whatever the streams do."""

    options_schema = vol.Schema({})
    has_areas = False

    @override
    def _is_true(self, coordinator: MarketCoordinator, part: MarketPart) -> bool:
        return bool(coordinator.deliveries.known().active(dt_util.utcnow()))


class MarketDataFreshCondition(MarketCondition):
    """Whether the streams of market data work, and something came over them lately."""

    options_schema = vol.Schema(
        {
            vol.Optional(CONF_WITHIN): vol.All(
                cv.positive_time_period,
                vol.Range(min=timedelta(seconds=1), msg="must be a second or more"),
            )
        }
    )

    @override
    def _is_true(self, coordinator: MarketCoordinator, part: MarketPart) -> bool:
        streams = (StreamName.TICKER, StreamName.ORDER_BOOK)
        if not all(coordinator.streams[stream].connected for stream in streams):
            return False
        within: timedelta | None = self._options.get(CONF_WITHIN)
        if within is None:
            return True
        now = dt_util.utcnow()
        return any(
            (at := coordinator.traffic[stream].last_message_at) is not None
            and now - at <= within
            for stream in streams
        )


CONDITIONS: dict[str, type[Condition]] = {
    "delivery_active": DeliveryActiveCondition,
    "market_data_fresh": MarketDataFreshCondition,
    "price": PriceCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
