"""Contracts: one for each side of a trade, verified against meter data and settled after delivery."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from .orders import Order, Place

type ContractStatus = Literal[
    "verification_initiated",
    "verification_completed_success",
    "settlement_initiated",
    "settlement_completed_success",
]

AFTER_DELIVERY: tuple[tuple[ContractStatus, timedelta], ...] = (
    ("verification_initiated", timedelta(minutes=5)),
    ("verification_completed_success", timedelta(minutes=20)),
    ("settlement_initiated", timedelta(minutes=25)),
    ("settlement_completed_success", timedelta(minutes=40)),
)
"""When a contract reaches a status, counted from the end of its delivery and its meter data's
delay. The names are the market's documentation's, the times are a guess. Nothing is said of a
contract before."""

METER_DATA_SPREAD = timedelta(minutes=15)


def meter_data_delay(number: int) -> timedelta:
    """Return how late the meter data of the contract of this number are: no two at once (a guess)."""
    return number * timedelta(minutes=4, seconds=7) % METER_DATA_SPREAD


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contract:
    """What one party of a trade has to deliver or to pay."""

    contract_id: str
    order: Order
    """The party's own order."""

    milliwatts: int
    price: float
    """€/kWh."""

    place: Place
