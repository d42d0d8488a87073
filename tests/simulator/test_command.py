"""The simulated market from the command line, and its control over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
import re
import signal
import socket
import sys

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
import pytest

from custom_components.glocalflex import simulator as package
from custom_components.glocalflex.simulator import Simulator, __main__ as command
from custom_components.glocalflex.simulator.__main__ import main
from custom_components.glocalflex.simulator.control_server import (
    METHODS,
    control_application,
)

from .conftest import NOON

FOLDER = Path(package.__file__).parents[1]
ALONE = "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('simulator', run_name='__main__', alter_sys=True)"

type ControlClient = TestClient[web.Request, web.Application]


@asynccontextmanager
async def market(
    *arguments: str,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[str]]]:
    """Run the market in a process of its own, as script/market does; give it and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", ALONE, str(FOLDER), "--port", "0", *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        while not (said and said[-1].startswith("Ctrl-C")):
            line = await asyncio.wait_for(process.stdout.readline(), 30)
            assert line, said
            said.append(line.decode().strip())
        yield process, said
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_runs_alone_until_interrupted(
    session: ClientSession, number: int
) -> None:
    """It says where it is, is there, and ends well."""
    async with market("--warm-up", "0.1") as (process, said):
        address = said[0].split()[-1]
        assert re.fullmatch(r"market:  http://127\.0\.0\.1:\d+", said[0])
        assert said[1] == "user:    demo, password demo"
        form = {
            "client_id": "glocalflexmarket_public_api",
            "grant_type": "password",
            "username": "demo",
            "password": "demo",
        }
        answer = await session.post(f"{address}/auth/oauth/v2/token", data=form)
        assert answer.status == 200
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_interrupted_in_its_warm_up() -> None:
    """It ends well before it has begun, too."""
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-P",
            "-c",
            ALONE,
            str(FOLDER),
            "--port",
            "0",
            "--warm-up",
            "100000",
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    assert await process.stderr.readline() == b"market: makes 100000 hours of history\n"
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.communicate(), 10) == (b"", b"")
    assert process.returncode == 0


async def test_options(session: ClientSession, tmp_path: Path) -> None:
    """TLS with its authority in a file, users without their passwords in sight, control."""
    authority = tmp_path / "authority.pem"
    options = ("--user", "anna:secret", "--tls", str(authority), "--control-port", "0")
    async with market(*options, "--orders", "0", "--warm-up", "0") as (_, said):
        assert re.fullmatch(r"market:  https://127\.0\.0\.1:\d+", said[0])
        assert "BEGIN CERTIFICATE" in authority.read_text()
        assert said[1] == "user:    anna"
        address = said[2].removeprefix("control: ")
        await session.post(f"{address}/trade", json={"price": 1})
        assert (await (await session.get(address)).json())["trades"] == 1


@pytest.fixture
def own_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command run in a loop of its own: by itself `run` also forgets the thread's."""
    run = partial(asyncio.run, loop_factory=asyncio.new_event_loop)
    monkeypatch.setattr(asyncio, "run", run)


@pytest.mark.usefixtures("own_loop")
def test_main(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command in this process: it says the same, and returns 0 when told to end."""
    say = command._say  # noqa: SLF001

    def say_and_end(line: str) -> None:
        say(line)
        if line.startswith("Ctrl-C"):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(command, "_say", say_and_end)
    quick = ["--port", "0", "--warm-up", "0"]
    authority = str(tmp_path / "authority.pem")
    assert (
        main([*quick, "--tls", authority, "--control-port", "0", "--user", "a:b"]) == 0
    )
    said = r"market:  https://\S+\nuser:    a\ncontrol: http://\S+\nCtrl-C"
    assert re.match(said, capsys.readouterr().out)
    assert main(quick) == 0
    assert "demo, password demo" in capsys.readouterr().out


@pytest.mark.usefixtures("own_loop")
def test_port_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """A port that is taken is said in a line."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert main(["--port", str(other.getsockname()[1]), "--warm-up", "0"]) == 1
    assert "address already in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--speed", "-1"],
        ["--orders", "nan"],
        ["--user", "anna"],
        ["--user", ":secret"],
        ["--start", "yesterday"],
    ],
)
def test_wrong_options(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no option's value is said in words."""
    with pytest.raises(SystemExit) as refusal:
        main(arguments)
    assert refusal.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The help fits a screen and names every method of the control interface."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(method in text for method in METHODS)
    assert len(text.splitlines()) <= 50


@pytest.fixture
async def control(simulator: Simulator) -> AsyncIterator[ControlClient]:
    """Return a client of a quiet market's control interface."""
    async with TestClient(TestServer(control_application(simulator.control))) as client:
        yield client


async def test_every_method_by_http(
    control: ControlClient, simulator: Simulator
) -> None:
    """Each method is there, and does what it does."""
    order = {
        "user": "anna",
        "side": "sell",
        "power": 1500,
        "price": 0.4,
        "delivery_start": "2026-06-01T13:00:00Z",
        "delivery_end": None,
        "expiry_time": "2026-06-01T12:30:00Z",
        "location": {"country_code": "FI"},
        "baseline": {"meter": 1},
    }
    calls = {
        "place_order": order,
        "trade": {"price": 0.5, "power": 10},
        "advance": {"seconds": 3600},
        "run_trades": {"count": 3},
        "cut": {"stream": "ticker", "code": 1001},
        "freeze": {"stream": None},
        "thaw": {},
        "send": {"stream": "ticker", "frame": {"type": "x"}, "user": "anna"},
        "expire_tokens": {},
        "revoke_refresh_tokens": {},
        "refuse": {"status": 503, "what": "order"},
        "delay": {"seconds": 0},
        "drained": {},
    }
    assert {*calls} == {*METHODS}
    for method, arguments in calls.items():
        answer = await control.post(f"/{method}", json=arguments)
        assert answer.status == 200, await answer.text()
        result = (await answer.json())["result"]
        assert result == ("order-00000001" if method == "place_order" else None)
    names = [
        entry.document.get("name")
        for entry in simulator.journal
        if entry.user == "anna"
    ]
    assert names[:2] == ["accepted", "matching_active"]
    assert "expired" in names
    state = await (await control.get("/")).json()
    assert state["trades"] >= 4
    assert state["now"] > NOON.isoformat()
    assert state["connections"] == {"ticker": 0, "orderbook": 0, "trade": 0}


@pytest.mark.parametrize(
    ("method", "body", "words"),
    [
        ("trade", b"{", "The body must be a JSON object"),
        ("trade", b"[]", "The body must be a JSON object"),
        ("trade", b"", "missing a required argument: 'price'"),
        ("trade", b'{"price": "x"}', "price must be a number"),
        ("trade", b'{"price": true}', "price must be a number"),
        ("trade", b'{"price": 1, "power": 0}', "power must be above 0"),
        ("trade", b'{"cost": 1}', "There is no argument cost"),
        (
            "advance",
            b'{"seconds": 1, "price": 1}',
            "got an unexpected keyword argument 'price'",
        ),
        (
            "cut",
            b'{"stream": "rumours"}',
            "stream must be one of ticker, orderbook, trade",
        ),
        ("cut", b'{"code": 1.5}', "code must be a whole number"),
        (
            "place_order",
            b'{"expiry_time": "soon"}',
            "expiry_time must be an RFC 3339 time",
        ),
    ],
)
async def test_errors_in_words(
    control: ControlClient, method: str, body: bytes, words: str
) -> None:
    """What is wrong is said."""
    headers = {"Content-Type": "application/json"}
    answer = await control.post(f"/{method}", data=body, headers=headers)
    assert answer.status == 422
    assert words in (await answer.json())["error"]


async def test_control_is_for_its_methods(control: ControlClient) -> None:
    """No other method, no other content type."""
    assert (await control.post("/connections", json={})).status == 404
    assert (await control.post("/expire_tokens", data=b"{}")).status == 415
