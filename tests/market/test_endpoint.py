"""Where a market is reached."""

import pytest

from custom_components.glocalflex.market import Endpoint


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("glocalflexmarket.com", "glocalflexmarket.com"),
        ("  GLocalFlexMarket.com\n", "glocalflexmarket.com"),
        ("https://glocalflexmarket.com/market?x#y", "glocalflexmarket.com"),
        ("wss://glocalflexmarket.com:8443/api", "glocalflexmarket.com:8443"),
        ("glocalflexmarket.com:443", "glocalflexmarket.com"),
        ("glocalflexmarket.com:80", "glocalflexmarket.com:80"),
        ("192.168.1.5:8123", "192.168.1.5:8123"),
        ("[::1]:8123", "[::1]:8123"),
        ("[FE80::1]", "[fe80::1]"),
        ("märkte.example", "märkte.example"),
        ("xn--mrkte-gra.example", "märkte.example"),
    ],
)
def test_parse(text: str, host: str) -> None:
    """A market has one name, however a person types it."""
    assert Endpoint.parse(text) == Endpoint(host, plain=False)


def test_parse_plain() -> None:
    """Without TLS the scheme's own port is another one."""
    assert Endpoint.parse("localhost:80", plain=True) == Endpoint("localhost", True)
    assert Endpoint.parse("localhost:443", plain=True).host == "localhost:443"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "https://",
        "/market",
        ":8123",
        "a b",
        "host:port",
        "host:99999",
        "[::1",
        "user@host",
        "user:secret@host",
        "user:secret@host:port",
        "https://:secret@host",
    ],
)
def test_no_host(text: str) -> None:
    """What names no host is refused, without repeating a password that it may hold."""
    with pytest.raises(ValueError, match="names no host") as caught:
        Endpoint.parse(text)
    error: BaseException | None = caught.value
    while error is not None:
        assert "secret" not in repr(error)
        error = error.__context__


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("localhost:8123", True),
        ("127.0.0.1", True),
        ("127.8.9.10:8123", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("192.168.1.5:8123", True),
        ("[::1]", True),
        ("[fd00::1]:8123", True),
        ("8.8.8.8", False),
        ("172.32.0.1", False),
        ("[2a00::1]", False),
        ("localhost.example.com", False),
        ("10.1.2.3.example.com", False),
        ("glocalflexmarket.com", False),
    ],
)
def test_is_local(host: str, expected: bool) -> None:
    """Only loopback and private addresses are local."""
    assert Endpoint(host).is_local is expected


@pytest.mark.parametrize("host", ["market.example:8443", "[::1]:8443", "10.0.0.1"])
def test_addresses(host: str) -> None:
    """Calls and streams go to the same host, with TLS or without."""
    assert str(Endpoint(host).http("/auth")) == f"https://{host}/auth"
    assert str(Endpoint(host).websocket("/ws/")) == f"wss://{host}/ws/"
    assert str(Endpoint(host, plain=True).http("/auth")) == f"http://{host}/auth"
    assert str(Endpoint(host, plain=True).websocket("/ws/")) == f"ws://{host}/ws/"
