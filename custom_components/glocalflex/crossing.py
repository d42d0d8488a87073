"""Tells when a price has crossed a limit: once on the way through, not where it is found."""

from dataclasses import dataclass

# Differences of decimal fractions miss their mark by less, in EUR/kWh.
ROUNDING = 1e-9


@dataclass(kw_only=True)
class Crossing:
    """What is remembered of a price beside a limit, through outages."""

    hysteresis: float
    """How far a price must come back before it can cross again, in EUR/kWh."""

    also_if_already: bool
    """Whether the first price that is known counts, if it meets the limit."""

    last_price: float | None = None
    """EUR/kWh."""

    _armed: bool | None = None
    """None until a price and a limit are known."""

    def crossed(self, price: float, margin: float) -> bool:
        """Take a price, with by how much it meets the limit; return whether it has crossed."""
        armed = self._armed
        self.last_price = price
        if margin > 0:
            self._armed = False
            return self.also_if_already if armed is None else armed
        if armed is None or margin <= ROUNDING - self.hysteresis:
            self._armed = True
        return False
