"""The one place that turns what aiohttp raises into this client's own errors."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp

from .exceptions import (
    CertificateNotTrusted,
    CredentialsRefused,
    HostNotFound,
    MarketError,
    MarketUnavailable,
    NotAMarket,
    TooManyRequests,
)

# How long a connection or an answer may take, in seconds.
TIMEOUT = 10.0

# No wait that a market asks for is longer, in seconds.
RETRY_AFTER_LIMIT = 3600


@asynccontextmanager
async def translated_errors() -> AsyncGenerator[None]:
    """Raise MarketError in place of what aiohttp raises."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        raise CertificateNotTrusted(
            f"the certificate of {error.host} is not trusted"
        ) from error
    except aiohttp.ClientConnectorDNSError as error:
        raise HostNotFound(f"{error.host} has no address") from error
    except aiohttp.ClientConnectorSSLError as error:
        raise NotAMarket(f"{error.host} does not speak TLS there") from error
    except aiohttp.ClientResponseError as error:
        raise error_for_answer(error) from error
    except (aiohttp.InvalidURL, aiohttp.RedirectClientError) as error:
        raise NotAMarket("the market redirects to an unusable address") from error
    except TimeoutError as error:
        raise MarketUnavailable("no answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise MarketUnavailable(str(error) or type(error).__name__) from error


def error_for_answer(error: aiohttp.ClientResponseError) -> MarketError:
    """Return the error that stands for an answer of no use."""
    retry_after = error.headers.get("Retry-After") if error.headers else None
    return error_for_status(error.status, retry_after)


def error_for_status(status: int, retry_after: str | None = None) -> MarketError:
    """Return the error that an HTTP answer other than success stands for."""
    match status:
        case 401 | 403:
            return CredentialsRefused(f"the market answers with status {status}")
        case 429:
            return TooManyRequests(
                "too many requests", _retry_after_seconds(retry_after)
            )
        case status if status >= 500:
            return MarketUnavailable(f"the market answers with status {status}")
        case _:
            return NotAMarket(f"no GLocalFlex market: status {status}")


def _retry_after_seconds(value: str | None) -> float | None:
    """Read a wait in seconds; the header's other form, a date, is passed over."""
    try:
        seconds = int(value or "")
    except ValueError:
        return None
    return float(min(max(seconds, 0), RETRY_AFTER_LIMIT))
