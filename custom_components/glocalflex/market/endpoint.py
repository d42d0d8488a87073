"""Where a market is reached."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self

from yarl import URL

PRODUCTION_HOST = "glocalflexmarket.com"
TEST_HOST = "test.glocalflexmarket.com"


@dataclass(frozen=True)
class Endpoint:
    """A market's host, with its port where that is not the scheme's own."""

    host: str
    plain: bool = False
    """Without TLS: for a market on this machine or in the home's own network."""

    @classmethod
    def parse(cls, text: str, *, plain: bool = False) -> Self:
        """Read what a person types: a host, host:port, or an address with a scheme.

        Raises ValueError where that names no host.
        """
        text = text.strip()
        # Neither error repeats the text: it may hold a password by mistake.
        try:
            url = URL(text if "://" in text else f"https://{text}")
        except ValueError:
            url = URL()
        if not url.host or " " in url.host or url.user or url.password:
            raise ValueError("this names no host, or more than a host")
        host = f"[{url.host}]" if ":" in url.host else url.host
        if url.explicit_port not in (None, 80 if plain else 443):
            host = f"{host}:{url.explicit_port}"
        return cls(host, plain)

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine or a private address, told by its name alone."""
        name = URL(f"https://{self.host}").host or ""
        if name == "localhost":
            return True
        try:
            # Loopback is among the private addresses.
            return ip_address(name).is_private
        except ValueError:
            return False

    def http(self, path: str) -> URL:
        """Return the address of a call."""
        return URL(f"{'http' if self.plain else 'https'}://{self.host}{path}")

    def websocket(self, path: str) -> URL:
        """Return the address of a stream."""
        return URL(f"{'ws' if self.plain else 'wss'}://{self.host}{path}")
