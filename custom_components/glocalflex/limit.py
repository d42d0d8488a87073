"""What an automation holds a price against: a limit or a range, of numbers or of entities."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    NumericThresholdMode,
    NumericThresholdSelector,
    NumericThresholdSelectorConfig,
    NumericThresholdType,
)

from .const import PRICE_UNIT

# Where each kind of limit has its numbers: one, or a lower and an upper one.
VALUES: dict[str, tuple[str, ...]] = {
    NumericThresholdType.ABOVE: ("value",),
    NumericThresholdType.BELOW: ("value",),
    NumericThresholdType.BETWEEN: ("value_min", "value_max"),
    NumericThresholdType.OUTSIDE: ("value_min", "value_max"),
}


def finite(value: object) -> float:
    """Validate a number; what reads as infinite or as no number is none."""
    number = vol.Coerce(float)(value)
    if not isfinite(number):
        raise vol.Invalid("expected a number")
    return float(number)


def _limit_that_can_be_met(config: dict[str, Any]) -> dict[str, Any]:
    """Refuse numbers that are none, and a range that nothing lies in."""
    numbers = [
        finite(config[name]["number"])
        for name in VALUES[config["type"]]
        if "number" in config[name]
    ]
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        raise vol.Invalid(
            f"the lower limit ({numbers[0]:.15g} {PRICE_UNIT}) must be less than"
            f" the upper one ({numbers[1]:.15g} {PRICE_UNIT})"
        )
    return config


def limit_schema(mode: NumericThresholdMode) -> vol.All:
    """Return what a limit in a trigger's or a condition's options must look like."""
    return vol.All(
        NumericThresholdSelector(NumericThresholdSelectorConfig(mode=mode)),
        _limit_that_can_be_met,
    )


class Limit:
    """A limit or a range, as it is now: an entity's may move."""

    def __init__(self, hass: HomeAssistant, config: Mapping[str, Any]) -> None:
        """Read it from validated options."""
        self._hass = hass
        self.type = NumericThresholdType(config["type"])
        self._values: list[Mapping[str, Any]] = [
            config[name] for name in VALUES[self.type]
        ]

    @property
    def entity_ids(self) -> list[str]:
        """The entities that give it."""
        return [value["entity"] for value in self._values if "entity" in value]

    def now(self) -> tuple[float, ...] | None:
        """Return its one or two numbers, in EUR/kWh; None while it cannot be used."""
        numbers = []
        for value in self._values:
            if (number := self._number(value)) is None:
                return None
            numbers.append(number)
        if len(numbers) == 2 and numbers[0] >= numbers[1]:
            return None
        return tuple(numbers)

    def margin(self, price: float, numbers: tuple[float, ...]) -> float:
        """Return by how much a price meets the limit, in EUR/kWh; above zero where it does."""
        lowest, highest = numbers[0], numbers[-1]
        match self.type:
            case NumericThresholdType.ABOVE:
                return price - lowest
            case NumericThresholdType.BELOW:
                return highest - price
            case NumericThresholdType.BETWEEN:
                return min(price - lowest, highest - price)
            case _:
                return max(lowest - price, price - highest)

    def words(self, numbers: tuple[float, ...]) -> str:
        """Return it as a part of a sentence."""
        return f"{self.type} {' and '.join(f'{number:.15g}' for number in numbers)} {PRICE_UNIT}"

    def _number(self, value: Mapping[str, Any]) -> float | None:
        if "number" in value:
            return float(value["number"])
        if (state := self._hass.states.get(value["entity"])) is None:
            return None
        try:
            return finite(state.state)
        except vol.Invalid:
            return None
