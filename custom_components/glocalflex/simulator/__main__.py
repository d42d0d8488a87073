"""A simulated market from the command line."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
import signal
import sys

from aiohttp import web

from .control_server import METHODS, control_application
from .order_request import parse_time
from .settings import Settings
from .simulator import Simulator

DEMO_USER = ("demo", "demo")

EPILOG = f"""
The market speaks the interface of the real one on the address it prints:
  POST /auth/oauth/v2/token   sign in, renew
  POST /api/v1/order/         send an order
  GET  /api/v1/ws/STREAM/     websocket: ticker, orderbook or trade

With --control-port, POST /METHOD there with a JSON object of arguments, GET / for the state:
  curl --json '{{"price": 0.42}}' http://127.0.0.1:PORT/trade
  {"  ".join(METHODS[:8])}
  {"  ".join(METHODS[8:])}
simulator/control.py describes each.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until interrupted; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except OSError as err:
        sys.stderr.write(f"market: {err}\n")
        return 1
    except asyncio.CancelledError:
        pass
    return 0


async def _serve(options: argparse.Namespace) -> None:
    if (task := asyncio.current_task()) is not None:
        # Asked for by name, as a shell's background job begins with Ctrl-C ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    settings = Settings(
        seed=options.seed,
        speed=options.speed,
        start=options.start,
        orders_per_minute=options.orders,
        own_orders_per_minute=options.own_orders,
        warm_up=timedelta(hours=options.warm_up),
        users=dict(options.user or [DEMO_USER]),
        book_interval=options.book_interval,
        journal_limit=0,
        trades_per_second=options.trades_per_second,
        book_orders=int(options.book_orders),
        host=options.host,
        port=options.port,
        tls=options.tls is not None,
    )
    if options.warm_up:
        sys.stderr.write(f"market: makes {options.warm_up:g} hours of history\n")
        sys.stderr.flush()
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator(settings))
        if options.tls is not None:
            options.tls.write_text(simulator.ca_certificate)
        _say(f"market:  http{'s' if settings.tls else ''}://{simulator.host}")
        for name in settings.users:
            _say(
                f"user:    {name}"
                + ("" if options.user else f", password {DEMO_USER[1]}")
            )
        if options.control_port is not None:
            runner = web.AppRunner(
                control_application(simulator.control), access_log=None
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", options.control_port).start()
            _say(f"control: http://127.0.0.1:{runner.addresses[0][1]}")
        _say("Ctrl-C ends it.")
        await asyncio.Event().wait()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _user(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not (name and colon):
        raise argparse.ArgumentTypeError("must be NAME:PASSWORD")
    return name, password


def _not_negative(text: str) -> float:
    if not 0 <= (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/market",
        description="Runs the simulated market alone.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument

    def number(name: str, default: float, words: str) -> None:
        help_text = f"{words} ({default:g})"
        add(name, type=_not_negative, metavar="N", default=default, help=help_text)

    add("--seed", type=int, default=1, metavar="N", help="repeats a run exactly (1)")
    number("--speed", 1, "simulated seconds a second, 0 stands still")
    add(
        "--start",
        type=parse_time,
        metavar="TIME",
        help="simulated time at the start (now)",
    )
    number("--warm-up", 3, "hours of history before the start")
    number("--orders", 60, "traders' orders a simulated minute")
    number("--own-orders", 1, "the same on behalf of each user")
    add(
        "--user",
        type=_user,
        action="append",
        metavar="NAME:PASSWORD",
        help="who may sign in, as often as wanted (demo:demo)",
    )
    add(
        "--host",
        default="127.0.0.1",
        help="where to listen (127.0.0.1, this machine alone)",
    )
    add("--port", type=int, default=8765, help="0 takes any free one (8765)")
    add(
        "--tls",
        type=Path,
        metavar="FILE",
        help="serve TLS; FILE gets the authority to trust",
    )
    number("--book-interval", 1, "least seconds between two books")
    number("--trades-per-second", 0, "load: further trades")
    number("--book-orders", 0, "load: orders in the book")
    add(
        "--control-port",
        type=int,
        metavar="PORT",
        help="control it by HTTP on loopback",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
