"""The prices that automations look at, of the whole market or an area."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from .coordinator import MarketCoordinator
from .market import StreamName
from .market_part import MarketPart
from .state import Figures


class PriceType(StrEnum):
    """Which price is meant."""

    LAST_PRICE = "last_price"
    BEST_BID = "best_bid"
    BEST_ASK = "best_ask"

    @property
    def words(self) -> str:
        """Its name in a sentence."""
        return self.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class Price:
    """Describe where a price comes from."""

    stream: StreamName
    value_fn: Callable[[Figures], float | None]
    """EUR/kWh; None where the market has not said it."""


PRICES: dict[PriceType, Price] = {
    PriceType.LAST_PRICE: Price(
        stream=StreamName.TICKER,
        value_fn=lambda figures: (
            figures.last_trade.price if figures.last_trade else None
        ),
    ),
    PriceType.BEST_BID: Price(
        stream=StreamName.ORDER_BOOK,
        value_fn=lambda figures: figures.book.best_bid if figures.book else None,
    ),
    PriceType.BEST_ASK: Price(
        stream=StreamName.ORDER_BOOK,
        value_fn=lambda figures: figures.book.best_ask if figures.book else None,
    ),
}


def price_now(
    coordinator: MarketCoordinator, part: MarketPart, price_type: PriceType
) -> float | None:
    """Return a price in EUR/kWh; None while its stream is down, and until it is known."""
    price = PRICES[price_type]
    if not coordinator.streams[price.stream].connected:
        return None
    return price.value_fn(part.figures)
