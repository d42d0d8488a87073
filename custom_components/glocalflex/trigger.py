"""Triggers of the GLocalFlex integration: what happens on a market, and prices that cross a limit.

What the automation editor shows of them is in triggers.yaml.
"""

from abc import abstractmethod
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, cast, override

import voluptuous as vol

from homeassistant.const import (
    CONF_ABOVE,
    CONF_BELOW,
    CONF_OFFSET,
    CONF_OPTIONS,
    CONF_TARGET,
)
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import NumericThresholdMode
from homeassistant.helpers.trigger import Trigger, TriggerActionRunner, TriggerConfig
from homeassistant.helpers.typing import ConfigType

from .const import CONF_LEAST_POWER, LOGGER, PRICE_UNIT, MessageKind
from .coordinator import MarketCoordinator
from .crossing import Crossing
from .delivery_watch import DeliveryWatch, Edge, Handled
from .limit import Limit, finite, limit_schema
from .market_part import MarketPart
from .price import PriceType
from .target import TargetFollower, Watch, async_validate_target
from .watches import EventWatch, Fields, Fire, PriceWatch

CONF_ALSO_IF_ALREADY = "also_if_already"
CONF_HYSTERESIS = "hysteresis"
CONF_OFFSET_TYPE = "offset_type"
CONF_PRICE_TYPE = "price_type"
CONF_THRESHOLD = "threshold"
CONF_TO = "to"

OFFSET_BEFORE = "before"
OFFSET_AFTER = "after"
LONGEST_OFFSET = timedelta(days=7)

_NOT_NEGATIVE = vol.All(finite, vol.Range(min=0, msg="must not be negative"))
_STATUSES = vol.All(
    cv.ensure_list, [vol.All(cv.string, vol.Length(min=1, msg="a status is missing"))]
)


def _possible_range(options: ConfigType) -> ConfigType:
    """Refuse a range that no price lies in."""
    above, below = options.get(CONF_ABOVE), options.get(CONF_BELOW)
    if above is not None and below is not None and above >= below:
        raise vol.Invalid(
            f"no price is above {above:.15g} and below {below:.15g} {PRICE_UNIT}:"
            " above must be the lower one"
        )
    return options


class MarketTrigger(Trigger):
    """A trigger of the whole market or of areas, of each by itself."""

    options_schema: ClassVar[vol.Schema]
    has_areas: ClassVar[bool] = True
    """Whether it can be of an area."""

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Read what was validated."""
        super().__init__(hass, config)
        self._key = config.key
        self._target = config.target or {}
        self._options = config.options or {}

    @override
    @classmethod
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Refuse what never can fire."""
        schema = vol.Schema(
            {
                vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
                vol.Optional(CONF_OPTIONS, default=dict): cls.options_schema,
            }
        )
        validated = cast(ConfigType, schema(config))
        async_validate_target(hass, validated[CONF_TARGET], has_areas=cls.has_areas)
        return validated

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: object = None
    ) -> CALLBACK_TYPE:
        """Watch what is targeted, also what comes later; returns the way out.

        Newer releases alone pass `did_not_trigger`.
        """

        @callback
        def fire(
            variables: Fields, description: str, context: Context | None = None
        ) -> None:
            try:
                run_action(variables, description, context)
            except HomeAssistantError as error:
                # A template of the automation's own; others listen too.
                LOGGER.error("%s cannot run an automation: %s", self._key, error)

        return TargetFollower(
            self._hass,
            self._target,
            lambda device_id, coordinator, part: self._watch(
                fire, device_id, coordinator, part
            ),
        ).async_start()

    @abstractmethod
    def _watch(
        self,
        fire: Fire,
        device_id: str,
        coordinator: MarketCoordinator,
        part: MarketPart,
    ) -> Watch:
        """Return a watch on one part of the market."""


# Which messages an option lets through.
FILTERS: dict[str, Callable[[Fields, Any], bool]] = {
    CONF_ABOVE: lambda fields, limit: fields["price"] > limit,
    CONF_BELOW: lambda fields, limit: fields["price"] < limit,
    CONF_LEAST_POWER: lambda fields, least: (fields["power"] or 0.0) >= least,
    CONF_TO: lambda fields, statuses: fields["status"] in statuses,
}


class EventTrigger(MarketTrigger):
    """Fires for each message of a kind that passes the options."""

    kind: ClassVar[MessageKind]
    description: ClassVar[str]
    """What has happened, with the message's fields to be filled in."""

    @override
    def _watch(
        self,
        fire: Fire,
        device_id: str,
        coordinator: MarketCoordinator,
        part: MarketPart,
    ) -> Watch:
        return EventWatch(
            fire,
            device_id,
            part,
            self.kind,
            matches=lambda fields: all(
                FILTERS[name](fields, wanted) for name, wanted in self._options.items()
            ),
            describe=self.description.format_map,
        )


class TradeClosedTrigger(EventTrigger):
    """Fires for each trade."""

    kind = MessageKind.TRADE
    description = f"a trade closed at {{price:.15g}} {PRICE_UNIT}"
    options_schema = vol.Schema(
        vol.All(
            {
                vol.Optional(CONF_ABOVE): finite,
                vol.Optional(CONF_BELOW): finite,
                vol.Optional(CONF_LEAST_POWER): _NOT_NEGATIVE,
            },
            _possible_range,
        )
    )


class OrderExpiredTrigger(EventTrigger):
    """Fires for each order that expires."""

    kind = MessageKind.ORDER_EXPIRED
    description = f"an order at {{price:.15g}} {PRICE_UNIT} expired"
    options_schema = vol.Schema({vol.Optional(CONF_LEAST_POWER): _NOT_NEGATIVE})


class OrderStatusChangedTrigger(EventTrigger):
    """Fires for each new status of an order of one's own."""

    kind = MessageKind.ORDER_STATUS
    description = "order {order_id} has the status {status}"
    has_areas = False
    options_schema = vol.Schema({vol.Optional(CONF_TO): _STATUSES})


class ContractStatusChangedTrigger(EventTrigger):
    """Fires for each new status of a contract of one's own."""

    kind = MessageKind.CONTRACT_STATUS
    description = "contract {contract_id} has the status {status}"
    has_areas = False
    options_schema = vol.Schema({vol.Optional(CONF_TO): _STATUSES})


class DeliveryTrigger(MarketTrigger):
    """Fires once for each delivery, at one of its edges or so long before or after."""

    edge: ClassVar[Edge]
    has_areas = False
    options_schema = vol.Schema(
        {
            vol.Optional(CONF_OFFSET, default=timedelta): vol.All(
                cv.positive_time_period,
                vol.Range(max=LONGEST_OFFSET, msg="must not be longer than a week"),
            ),
            vol.Optional(CONF_OFFSET_TYPE, default=OFFSET_BEFORE): vol.In(
                [OFFSET_BEFORE, OFFSET_AFTER]
            ),
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Have handled nothing before."""
        super().__init__(hass, config)
        offset: timedelta = self._options[CONF_OFFSET]
        is_before = self._options[CONF_OFFSET_TYPE] == OFFSET_BEFORE
        self._offset = -offset if is_before else offset
        # By device: a market that is loaded anew has no delivery start again.
        self._handled: dict[str, Handled] = {}

    @override
    def _watch(
        self,
        fire: Fire,
        device_id: str,
        coordinator: MarketCoordinator,
        part: MarketPart,
    ) -> Watch:
        return DeliveryWatch(
            self._hass,
            fire,
            device_id,
            coordinator,
            self.edge,
            self._offset,
            self._handled.setdefault(device_id, Handled()),
        )


class DeliveryStartedTrigger(DeliveryTrigger):
    """Fires when a delivery starts."""

    edge = Edge.START


class DeliveryEndedTrigger(DeliveryTrigger):
    """Fires when a delivery ends."""

    edge = Edge.END


class BestPriceCrossedTrigger(MarketTrigger):
    """Fires when a price crosses a limit, on the way through only."""

    options_schema = vol.Schema(
        {
            vol.Required(CONF_PRICE_TYPE): vol.Coerce(PriceType),
            vol.Required(CONF_THRESHOLD): limit_schema(NumericThresholdMode.CROSSED),
            vol.Optional(CONF_HYSTERESIS, default=0.0): _NOT_NEGATIVE,
            vol.Optional(CONF_ALSO_IF_ALREADY, default=False): cv.boolean,
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Know of no price before."""
        super().__init__(hass, config)
        # By device: what was before a market went counts when it comes back.
        self._crossings: dict[str, Crossing] = {}

    @override
    def _watch(
        self,
        fire: Fire,
        device_id: str,
        coordinator: MarketCoordinator,
        part: MarketPart,
    ) -> Watch:
        crossing = self._crossings.setdefault(
            device_id,
            Crossing(
                hysteresis=self._options[CONF_HYSTERESIS],
                also_if_already=self._options[CONF_ALSO_IF_ALREADY],
            ),
        )
        return PriceWatch(
            self._hass,
            fire,
            device_id,
            coordinator,
            part,
            self._options[CONF_PRICE_TYPE],
            Limit(self._hass, self._options[CONF_THRESHOLD]),
            crossing,
        )


TRIGGERS: dict[str, type[Trigger]] = {
    "best_price_crossed": BestPriceCrossedTrigger,
    "contract_status_changed": ContractStatusChangedTrigger,
    "delivery_ended": DeliveryEndedTrigger,
    "delivery_started": DeliveryStartedTrigger,
    "order_expired": OrderExpiredTrigger,
    "order_status_changed": OrderStatusChangedTrigger,
    "trade_closed": TradeClosedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
