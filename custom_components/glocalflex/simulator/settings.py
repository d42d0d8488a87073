"""What a simulated market is told at its start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a simulated market; the defaults make a small, lively one on loopback."""

    seed: int = 1
    """The same seed, start and calls give the same journal."""

    speed: float = 1.0
    """Simulated seconds a real second; 0 leaves the clock to the control interface."""

    start: datetime | None = None
    """The simulated time at the start; None is the present."""

    orders_per_minute: float = 60.0
    """What the traders place in a simulated minute; 0 is a quiet market."""

    own_orders_per_minute: float = 0.0
    """What the traders place for each user, in a simulated minute."""

    warm_up: timedelta = timedelta()
    """Simulated history before the start; none of it enters the journal."""

    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Passwords by user name."""

    access_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    """User names by access token; these tokens never end."""

    token_lifetime: timedelta = timedelta(minutes=5)
    """The life of an access token, in real time."""

    private: bool = False
    """The ticker and the order book need a token as well."""

    book_interval: float = 1.0
    """Least real seconds between two frames of the order book."""

    orders_limit: int = 600
    """Orders a user may send in a real minute before the answer is 429; 0 is no limit."""

    journal_limit: int | None = None
    """Entries that the journal keeps, the newest; None keeps all, which a market that runs for days must not."""

    trades_per_second: float = 0.0
    """Load: further trades, evenly spaced, in a real second (at the settings' speed)."""

    book_orders: int = 0
    """Load: orders that the book holds at least, the traders' among them."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes any free one."""

    tls: bool = False
    """Serve with a certificate of a certificate authority made at the start."""
