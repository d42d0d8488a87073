"""Users, and the tokens they are given."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from secrets import token_urlsafe

from .settings import Settings

MINUTE = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """What a sign-in or a renewal brings."""

    access_token: str
    refresh_token: str
    expires_in: int
    """Seconds."""


class Accounts:
    """Who may do what, in real time."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float]) -> None:
        """Know the users of the settings; `monotonic` tells real seconds."""
        self._settings = settings
        self._monotonic = monotonic
        self._access: dict[str, tuple[str, float]] = {}
        self._refresh: dict[str, str] = {}
        self._orders: dict[str, deque[float]] = {}
        self.sign_ins = 0
        self.renewals = 0

    def sign_in(self, name: str, password: str) -> Tokens | None:
        """Give tokens for a name and its password."""
        known = self._settings.users.get(name)
        if known is None or not compare_digest(known.encode(), password.encode()):
            return None
        self.sign_ins += 1
        return self._issue(name)

    def renew(self, refresh_token: str) -> Tokens | None:
        """Give tokens for a refresh token, which is spent with this."""
        if (name := self._refresh.pop(refresh_token, None)) is None:
            return None
        self.renewals += 1
        return self._issue(name)

    def user_of(self, access_token: str) -> str | None:
        """Tell whose access token this is; None where it is unknown or has ended."""
        if (fixed := self._settings.access_tokens.get(access_token)) is not None:
            return fixed
        name, ends = self._access.get(access_token, (None, 0.0))
        return name if self._monotonic() < ends else None

    def may_order(self, name: str) -> bool:
        """Count an order; tell whether it is within the limit."""
        now = self._monotonic()
        recent = self._orders.setdefault(name, deque())
        while recent and recent[0] <= now - MINUTE:
            recent.popleft()
        if self._settings.orders_limit and len(recent) >= self._settings.orders_limit:
            return False
        recent.append(now)
        return True

    def expire(self) -> set[str]:
        """End all access tokens but the fixed ones; return them."""
        ended = set(self._access)
        self._access.clear()
        return ended

    def revoke_refresh_tokens(self) -> None:
        """Forget all refresh tokens."""
        self._refresh.clear()

    def _issue(self, name: str) -> Tokens:
        now = self._monotonic()
        lifetime = self._settings.token_lifetime.total_seconds()
        self._access = {
            token: held for token, held in self._access.items() if held[1] > now
        }
        tokens = Tokens(
            access_token=token_urlsafe(24),
            refresh_token=token_urlsafe(24),
            expires_in=int(lifetime),
        )
        self._access[tokens.access_token] = (name, now + lifetime)
        self._refresh[tokens.refresh_token] = name
        return tokens
