"""Client of the GLocalFlex flexibility market: asyncio, aiohttp and msgspec, nothing else."""

from .area import Area, divide
from .auth import Account, Authorization, FixedToken, NoAccount
from .client import MarketClient
from .depth import Delivered, Depth, delivers_in, depth
from .endpoint import PRODUCTION_HOST, TEST_HOST, Endpoint
from .exceptions import (
    CertificateNotTrusted,
    CredentialsRefused,
    HostNotFound,
    MarketError,
    MarketUnavailable,
    NotAMarket,
    StreamRefused,
    TooManyRequests,
    UndecodableFrame,
)
from .forward_curve import QUARTER, CurvePoint, ForwardCurve, forward_curve, quarter_of
from .messages import CONTRACT_STATUSES, ORDER_STATUSES, Message
from .model import (
    BookOrder,
    Contract,
    ContractUpdate,
    Control,
    ExpiredOrder,
    Location,
    Order,
    OrderBook,
    OrderUpdate,
    Side,
    Trade,
    UnknownMessage,
)
from .order_book import BookFigures, Fill, fill, price_for, summarise
from .quote import Quote, QuotePiece, quote
from .run_cost import RunCost, run_costs
from .stream import StreamName, StreamStatus
from .trade_history import (
    LONGEST_HISTORY,
    AveragePrice,
    TradeHistory,
    average_prices,
    newest_first,
)

__all__ = [
    "CONTRACT_STATUSES",
    "LONGEST_HISTORY",
    "ORDER_STATUSES",
    "PRODUCTION_HOST",
    "QUARTER",
    "TEST_HOST",
    "Account",
    "Area",
    "Authorization",
    "AveragePrice",
    "BookFigures",
    "BookOrder",
    "CertificateNotTrusted",
    "Contract",
    "ContractUpdate",
    "Control",
    "CredentialsRefused",
    "CurvePoint",
    "Delivered",
    "Depth",
    "Endpoint",
    "ExpiredOrder",
    "Fill",
    "FixedToken",
    "ForwardCurve",
    "HostNotFound",
    "Location",
    "MarketClient",
    "MarketError",
    "MarketUnavailable",
    "Message",
    "NoAccount",
    "NotAMarket",
    "Order",
    "OrderBook",
    "OrderUpdate",
    "Quote",
    "QuotePiece",
    "RunCost",
    "Side",
    "StreamName",
    "StreamRefused",
    "StreamStatus",
    "TooManyRequests",
    "Trade",
    "TradeHistory",
    "UndecodableFrame",
    "UnknownMessage",
    "average_prices",
    "delivers_in",
    "depth",
    "divide",
    "fill",
    "forward_curve",
    "newest_first",
    "price_for",
    "quarter_of",
    "quote",
    "run_costs",
    "summarise",
]
