"""What can go wrong between this client and a market.

No message of these carries a password or a token.
"""


class MarketError(Exception):
    """The market could not be used."""


class MarketUnavailable(MarketError):
    """The market is away for now: no connection, no answer in time, or a 5xx answer."""


class HostNotFound(MarketUnavailable):
    """The host's name has no address."""


class CertificateNotTrusted(MarketError):
    """The host's certificate could not be verified."""


class NotAMarket(MarketError):
    """Something answers at the host, but not as a GLocalFlex market does."""


class CredentialsRefused(MarketError):
    """The market knows no such account or no such token."""


class StreamRefused(MarketError):
    """The market turned a stream away, in the handshake or by a control message."""


class TooManyRequests(MarketError):
    """The market asks for fewer requests.

    `retry_after` is the wait it asks for in seconds, None where it names none.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """Keep the wait beside the message."""
        super().__init__(message)
        self.retry_after = retry_after


class UndecodableFrame(MarketError):
    """A frame is no JSON, or lacks what its type cannot be without."""
