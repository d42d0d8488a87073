"""Client of the GLocalFlex flexibility market: asyncio, aiohttp and msgspec, nothing else."""

from .area import Area, divide
from .auth import Account, Authorization, FixedToken, NoAccount
from .client import MarketClient
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
from .order_book import BookFigures, price_for, summarise
from .run_cost import RunCost, run_costs
from .stream import StreamName, StreamStatus

__all__ = [
    "CONTRACT_STATUSES",
    "ORDER_STATUSES",
    "PRODUCTION_HOST",
    "QUARTER",
    "TEST_HOST",
    "Account",
    "Area",
    "Authorization",
    "BookFigures",
    "BookOrder",
    "CertificateNotTrusted",
    "Contract",
    "ContractUpdate",
    "Control",
    "CredentialsRefused",
    "CurvePoint",
    "Endpoint",
    "ExpiredOrder",
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
    "RunCost",
    "Side",
    "StreamName",
    "StreamRefused",
    "StreamStatus",
    "TooManyRequests",
    "Trade",
    "UndecodableFrame",
    "UnknownMessage",
    "divide",
    "forward_curve",
    "price_for",
    "quarter_of",
    "run_costs",
    "summarise",
]
