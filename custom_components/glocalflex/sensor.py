"""Sensors of the GLocalFlex integration."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import PRICE_UNIT, STATUS_OTHER
from .coordinator import GLocalFlexConfigEntry, MarketCoordinator
from .curve_sensor import CURVE_DESCRIPTIONS, CurveSensor, PriceListSensor
from .delivery_sensor import DELIVERY_DESCRIPTIONS, DeliverySensor
from .entity import GLocalFlexEntity
from .market import (
    CONTRACT_STATUSES,
    ORDER_STATUSES,
    BookFigures,
    ContractUpdate,
    OrderUpdate,
    StreamName,
    Trade,
)
from .market_part import MarketPart
from .state import Figures, Own, Period

PARALLEL_UPDATES = 0

# Only the diagnostic sensors are polled: what they count changes with every message.
SCAN_INTERVAL = timedelta(seconds=30)

type Value = float | int | str | datetime | None


@dataclass(frozen=True, kw_only=True)
class FiguresSensorDescription(SensorEntityDescription):
    """Describe a figure of the whole market or an area."""

    stream: StreamName
    value_fn: Callable[[Figures], Value]
    resets_daily: bool = False


@dataclass(frozen=True, kw_only=True)
class OwnSensorDescription(SensorEntityDescription):
    """Describe something about the user's own orders and contracts."""

    value_fn: Callable[[Own], Value]
    attributes_fn: Callable[[Own], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class TrafficSensorDescription(SensorEntityDescription):
    """Describe what the streams themselves have been up to."""

    value_fn: Callable[[MarketCoordinator], Value]


def _last_trade(value_fn: Callable[[Trade], Value]) -> Callable[[Figures], Value]:
    return lambda figures: value_fn(figures.last_trade) if figures.last_trade else None


def _today(value_fn: Callable[[Period], Value]) -> Callable[[Figures], Value]:
    return lambda figures: value_fn(figures.day)


def _book(value_fn: Callable[[BookFigures], Value]) -> Callable[[Figures], Value]:
    return lambda figures: value_fn(figures.book) if figures.book else None


def _price_sensor(
    key: str,
    stream: StreamName,
    value_fn: Callable[[Figures], Value],
    *,
    enabled: bool = True,
) -> FiguresSensorDescription:
    """Describe a price: the display is rounded, the state is not."""
    return FiguresSensorDescription(
        key=key,
        translation_key=key,
        stream=stream,
        value_fn=value_fn,
        native_unit_of_measurement=PRICE_UNIT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=4,
        entity_registry_enabled_default=enabled,
    )


def _power_sensor(
    key: str, stream: StreamName, value_fn: Callable[[Figures], Value]
) -> FiguresSensorDescription:
    return FiguresSensorDescription(
        key=key,
        translation_key=key,
        stream=stream,
        value_fn=value_fn,
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
    )


def _in_utc(time: datetime | None) -> datetime | None:
    """Return a time as Home Assistant shows it; None where UTC has no such year."""
    try:
        return time and time.astimezone(UTC)
    except OverflowError:
        return None


def _last_trade_time_sensor(
    key: str, value_fn: Callable[[Trade], datetime | None]
) -> FiguresSensorDescription:
    return FiguresSensorDescription(
        key=key,
        translation_key=key,
        stream=StreamName.TICKER,
        value_fn=_last_trade(lambda trade: _in_utc(value_fn(trade))),
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
    )


FIGURES_DESCRIPTIONS: tuple[FiguresSensorDescription, ...] = (
    _price_sensor(
        "last_price", StreamName.TICKER, _last_trade(lambda trade: trade.price)
    ),
    _power_sensor(
        "last_trade_power", StreamName.TICKER, _last_trade(lambda trade: trade.power)
    ),
    FiguresSensorDescription(
        key="last_trade_energy",
        translation_key="last_trade_energy",
        stream=StreamName.TICKER,
        value_fn=_last_trade(lambda trade: trade.energy),
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=3,
        entity_registry_enabled_default=False,
    ),
    _last_trade_time_sensor("last_trade_closed_at", lambda trade: trade.closed_at),
    _last_trade_time_sensor(
        "last_trade_delivery_start", lambda trade: trade.delivery_start
    ),
    _last_trade_time_sensor(
        "last_trade_delivery_end", lambda trade: trade.delivery_end
    ),
    FiguresSensorDescription(
        key="trades_today",
        translation_key="trades_today",
        stream=StreamName.TICKER,
        value_fn=_today(lambda day: day.trades),
        state_class=SensorStateClass.TOTAL,
        resets_daily=True,
        entity_registry_enabled_default=False,
    ),
    FiguresSensorDescription(
        key="energy_traded_today",
        translation_key="energy_traded_today",
        stream=StreamName.TICKER,
        value_fn=_today(lambda day: day.energy),
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=3,
        resets_daily=True,
        entity_registry_enabled_default=False,
    ),
    _price_sensor(
        "average_price_today", StreamName.TICKER, _today(lambda day: day.average_price)
    ),
    _price_sensor(
        "lowest_price_today",
        StreamName.TICKER,
        _today(lambda day: day.lowest_price),
        enabled=False,
    ),
    _price_sensor(
        "highest_price_today",
        StreamName.TICKER,
        _today(lambda day: day.highest_price),
        enabled=False,
    ),
    FiguresSensorDescription(
        key="expired_orders",
        translation_key="expired_orders",
        stream=StreamName.TICKER,
        value_fn=lambda figures: figures.expired_orders,
        state_class=SensorStateClass.TOTAL_INCREASING,
    ),
    FiguresSensorDescription(
        key="expired_orders_today",
        translation_key="expired_orders_today",
        stream=StreamName.TICKER,
        value_fn=_today(lambda day: day.expired_orders),
        state_class=SensorStateClass.TOTAL,
        resets_daily=True,
    ),
    _price_sensor("best_bid", StreamName.ORDER_BOOK, _book(lambda book: book.best_bid)),
    _price_sensor("best_ask", StreamName.ORDER_BOOK, _book(lambda book: book.best_ask)),
    _price_sensor("spread", StreamName.ORDER_BOOK, _book(lambda book: book.spread)),
    _power_sensor(
        "bid_power", StreamName.ORDER_BOOK, _book(lambda book: book.bid_power)
    ),
    _power_sensor(
        "ask_power", StreamName.ORDER_BOOK, _book(lambda book: book.ask_power)
    ),
    FiguresSensorDescription(
        key="bid_orders",
        translation_key="bid_orders",
        stream=StreamName.ORDER_BOOK,
        value_fn=_book(lambda book: book.bid_orders),
        state_class=SensorStateClass.MEASUREMENT,
    ),
    FiguresSensorDescription(
        key="ask_orders",
        translation_key="ask_orders",
        stream=StreamName.ORDER_BOOK,
        value_fn=_book(lambda book: book.ask_orders),
        state_class=SensorStateClass.MEASUREMENT,
    ),
    _price_sensor(
        "buy_price",
        StreamName.ORDER_BOOK,
        _book(lambda book: book.buy_price),
        enabled=False,
    ),
    _price_sensor(
        "sell_price",
        StreamName.ORDER_BOOK,
        _book(lambda book: book.sell_price),
        enabled=False,
    ),
)


def _known_status(
    update: OrderUpdate | ContractUpdate | None, statuses: tuple[str, ...]
) -> str | None:
    """Return a status by its documented name, any other as such."""
    if update is None:
        return None
    return update.status if update.status in statuses else STATUS_OTHER


def _order_attributes(own: Own) -> dict[str, Any]:
    if (update := own.last_order) is None:
        return {}
    return {"status": update.status, "order_id": update.order.order_id}


def _contract_attributes(own: Own) -> dict[str, Any]:
    if (update := own.last_contract) is None:
        return {}
    return {"status": update.status, "contract_id": update.contract.contract_id}


def _orders_sensor(key: str, status: str) -> OwnSensorDescription:
    return OwnSensorDescription(
        key=key,
        translation_key=key,
        value_fn=lambda own: own.orders_in(status),
        state_class=SensorStateClass.MEASUREMENT,
    )


def _contracts_sensor(key: str, status: str) -> OwnSensorDescription:
    return OwnSensorDescription(
        key=key,
        translation_key=key,
        value_fn=lambda own: own.contracts_in(status),
        state_class=SensorStateClass.MEASUREMENT,
    )


OWN_DESCRIPTIONS: tuple[OwnSensorDescription, ...] = (
    OwnSensorDescription(
        key="last_order_status",
        translation_key="last_order_status",
        device_class=SensorDeviceClass.ENUM,
        options=[*ORDER_STATUSES, STATUS_OTHER],
        value_fn=lambda own: _known_status(own.last_order, ORDER_STATUSES),
        attributes_fn=_order_attributes,
    ),
    OwnSensorDescription(
        key="last_contract_status",
        translation_key="last_contract_status",
        device_class=SensorDeviceClass.ENUM,
        options=[*CONTRACT_STATUSES, STATUS_OTHER],
        value_fn=lambda own: _known_status(own.last_contract, CONTRACT_STATUSES),
        attributes_fn=_contract_attributes,
    ),
    _orders_sensor("orders_awaiting_baseline", "awaiting_baseline_data"),
    _orders_sensor("orders_accepted", "accepted"),
    _orders_sensor("orders_active", "matching_active"),
    _orders_sensor("orders_filled", "filled"),
    _contracts_sensor("contracts_in_verification", "verification_initiated"),
    _contracts_sensor("contracts_verified", "verification_completed_success"),
    _contracts_sensor("contracts_in_settlement", "settlement_initiated"),
    _contracts_sensor("contracts_settled", "settlement_completed_success"),
)


def _last_message_age(coordinator: MarketCoordinator) -> float | None:
    times = [
        traffic.last_message_at
        for traffic in coordinator.traffic.values()
        if traffic.last_message_at is not None
    ]
    return (dt_util.utcnow() - max(times)).total_seconds() if times else None


TRAFFIC_DESCRIPTIONS: tuple[TrafficSensorDescription, ...] = (
    TrafficSensorDescription(
        key="messages_received",
        translation_key="messages_received",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda coordinator: sum(
            traffic.messages for traffic in coordinator.traffic.values()
        ),
    ),
    TrafficSensorDescription(
        key="undecodable_messages",
        translation_key="undecodable_messages",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda coordinator: sum(
            traffic.undecodable for traffic in coordinator.traffic.values()
        ),
    ),
    TrafficSensorDescription(
        key="reconnects",
        translation_key="reconnects",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda coordinator: sum(
            status.reconnects for status in coordinator.streams.values()
        ),
    ),
    TrafficSensorDescription(
        key="last_message_age",
        translation_key="last_message_age",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=_last_message_age,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GLocalFlexConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of an entry."""
    coordinator = entry.runtime_data

    @callback
    def add_figures(part: MarketPart) -> None:
        async_add_entities(
            [
                FiguresSensor(coordinator, part, description.stream, description)
                for description in FIGURES_DESCRIPTIONS
            ]
            + [
                (PriceListSensor if description.is_list else CurveSensor)(
                    coordinator, part, StreamName.ORDER_BOOK, description
                )
                for description in CURVE_DESCRIPTIONS
            ],
            config_subentry_id=part.subentry_id,
        )

    coordinator.parts.async_for_each(add_figures)
    if StreamName.TRADE in coordinator.streams:
        async_add_entities(
            OwnSensor(
                coordinator, coordinator.parts.whole, StreamName.TRADE, description
            )
            for description in OWN_DESCRIPTIONS
        )
        async_add_entities(
            DeliverySensor(coordinator, description)
            for description in DELIVERY_DESCRIPTIONS
        )
    async_add_entities(
        TrafficSensor(
            coordinator, coordinator.parts.whole, StreamName.TICKER, description
        )
        for description in TRAFFIC_DESCRIPTIONS
    )


class FiguresSensor(GLocalFlexEntity, SensorEntity):
    """A figure of the whole market or an area."""

    entity_description: FiguresSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        """Return the figure; None where the market has not said it yet."""
        return self.entity_description.value_fn(self.part.figures)

    @property
    @override
    def last_reset(self) -> datetime | None:
        """Return the midnight since when a daily figure counts."""
        if not self.entity_description.resets_daily:
            return None
        return self.part.figures.day.start


class OwnSensor(GLocalFlexEntity, SensorEntity):
    """Something about the user's own orders and contracts."""

    entity_description: OwnSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        """Return what is known of them."""
        return self.entity_description.value_fn(self.coordinator.own)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return the status as the market named it, and whose it is."""
        if (attributes_fn := self.entity_description.attributes_fn) is None:
            return None
        return attributes_fn(self.coordinator.own)


class TrafficSensor(GLocalFlexEntity, SensorEntity):
    """What the streams themselves have been up to, for finding out what is wrong."""

    entity_description: TrafficSensorDescription
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False
    _attr_should_poll = True

    @override
    async def async_added_to_hass(self) -> None:
        """Be polled, in place of listening to a stream."""

    @property
    @override
    def available(self) -> bool:
        """Return True: these count here, whatever the market does."""
        return True

    @property
    @override
    def native_value(self) -> Value:
        """Return the count since Home Assistant started."""
        return self.entity_description.value_fn(self.coordinator)
