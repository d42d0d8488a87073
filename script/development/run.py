"""Start a market and a Home Assistant, and keep both until Ctrl-C."""

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
import signal
import socket
import sys

import aiohttp

from .child import Child, ChildFailed, child
from .home_assistant import Answers, HomeAssistant, Refused
from .state import ROOT, AlreadyRunning, State

LOOPBACK = "127.0.0.1"
HOME_ASSISTANT_PORT = 8123
MARKET_PORT = 8180
MARKET_START_SECONDS = 60
POLL_SECONDS = 0.2
OWN_ORDERS_PER_MINUTE = 4

# The simulated market's own account, reached on loopback alone.
DEMO_USER = "demo"
DEMO_PASSWORD = "demo"

# Parts of the market to look at beside the whole.
EVERYWHERE: Answers = {
    "location_ids": [],
    "least_power": 0,
    "size": 1000,
    "includes_unlocated": False,
}
AREAS: tuple[Answers, ...] = (
    {**EVERYWHERE, "name": "Finland", "country_codes": ["FI"]},
    {
        **EVERYWHERE,
        "name": "Germany, next hour",
        "country_codes": ["DE"],
        "horizon": 1,
    },
)
SIGNAL: Answers = {
    "name": "Cheap power",
    "part": "whole_market",
    "price": "best_ask",
    "direction": "below",
    "limit": 0.55,
    "hysteresis": 0.02,
    "least_on": {"seconds": 10},
    "least_off": {"seconds": 10},
    "least_power": 1000,
}


class RunFailed(Exception):
    """What was asked for cannot be started, or has ended by itself."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line and the environment ask for."""

    host: str | None
    port: int | None
    fresh: bool
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Connection:
    """The market to follow, as the integration's config flow asks for it.

    `host` may carry a port. Without a username the market's public data alone is followed.
    """

    host: str
    username: str
    password: str
    plain: bool

    @property
    def choice(self) -> str:
        """The choice of the config flow's menu."""
        return "account" if self.username else "public"

    @property
    def answers(self) -> Answers:
        """The form that follows."""
        answers: Answers = {"host": self.host, "connection": {"plain": self.plain}}
        if self.username:
            answers |= {"username": self.username, "password": self.password}
        return answers


async def run(options: Options) -> None:
    """Run until Ctrl-C.

    Raises RunFailed where something cannot be started or ends by itself.
    """
    task = asyncio.current_task()
    assert task
    stopping = False

    def stop() -> None:
        """End the run once: a second Ctrl-C must not break off the clean end."""
        nonlocal stopping
        if not stopping:
            stopping = True
            say("ending")
            task.cancel()

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, stop)
    try:
        await _run(options)
    except asyncio.CancelledError:
        if not stopping:
            raise
        say("ended")
    except (ChildFailed, Refused, aiohttp.ClientError, TimeoutError) as error:
        raise RunFailed(str(error) or type(error).__name__) from error


async def _run(options: Options) -> None:
    """Start all, print the address, and watch."""
    state = State(options.host or "simulated")
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(state.held())
        except AlreadyRunning as error:
            raise RunFailed(f"already running: {error}") from None
        if options.fresh:
            state.forget()
        home_assistant_port = options.port or free_port(HOME_ASSISTANT_PORT)
        state.prepare(LOOPBACK, home_assistant_port)
        children: list[Child] = []

        if options.host:
            connection = Connection(
                options.host, options.username, options.password, plain=False
            )
        else:
            port = free_port(MARKET_PORT)
            say(
                f"starting the simulated market on port {port} (log: {shown(state.market_log)})"
            )
            children.append(
                await stack.enter_async_context(market(port, state.market_log))
            )
            await started(children, accepts(port))
            connection = Connection(
                f"{LOOPBACK}:{port}", DEMO_USER, DEMO_PASSWORD, plain=True
            )

        url = f"http://{LOOPBACK}:{home_assistant_port}"
        say(
            f"starting Home Assistant on port {home_assistant_port} (log: {shown(state.home_assistant_log)})"
        )
        children.append(await stack.enter_async_context(home_assistant(state)))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await started(children, prepare(HomeAssistant(session, url), connection, state))

        state.announce(url)
        say(
            "signing the browser in by itself: this Home Assistant trusts this machine (development only)"
        )
        say(f"ready: {url}/   (Ctrl-C ends it)")
        await started(children, asyncio.Event().wait())


async def prepare(hass: HomeAssistant, connection: Connection, state: State) -> None:
    """Bring Home Assistant to where a browser finds the dashboard with the live market."""
    await hass.sign_in()
    await hass.finish_onboarding()
    await hass.wait_until_started()
    entries = await hass.entries()
    market = f"{connection.username}@{connection.host}"
    if not entries or state.market != market:
        for entry in entries:
            await hass.remove(entry)
        say(f"setting the integration up for {connection.host} through its config flow")
        entry = await hass.set_up(connection.choice, connection.answers)
        for area in AREAS:
            await hass.add(entry, "area", area)
        await hass.add(entry, "signal", SIGNAL)
        state.market = market


def market(port: int, log: Path) -> AbstractAsyncContextManager[Child]:
    """Run a market whose book is full and whose demo user trades."""
    return child(
        "the market",
        [
            ROOT / "script" / "market",
            *("--port", str(port)),
            *("--user", f"{DEMO_USER}:{DEMO_PASSWORD}"),
            *("--own-orders", str(OWN_ORDERS_PER_MINUTE)),
        ],
        log,
    )


def home_assistant(state: State) -> AbstractAsyncContextManager[Child]:
    """Run Home Assistant on a state's configuration."""
    return child(
        "Home Assistant",
        [
            sys.executable,
            *("-m", "script.development.hass"),
            *("--config", state.config),
            "--skip-pip",
            "--log-no-color",
        ],
        state.home_assistant_log,
    )


async def started(children: list[Child], work: Awaitable[object]) -> None:
    """Wait for the work, or for a child that ends before it is done."""
    tasks = [
        asyncio.ensure_future(work),
        *(asyncio.create_task(c.failure()) for c in children),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def accepts(port: int) -> None:
    """Wait until a port of this machine takes connections."""
    async with asyncio.timeout(MARKET_START_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                await asyncio.sleep(POLL_SECONDS)
            else:
                writer.close()
                return


def free_port(wanted: int) -> int:
    """Give the wanted port, or any free one where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RunFailed("no free port")


def shown(path: Path) -> Path:
    """Shorten a path of the project for the screen."""
    return path.relative_to(ROOT)


def say(what: str) -> None:
    """Tell on the screen what happens."""
    print(f"run: {what}", flush=True)
