"""The command line of script/run."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
import asyncio
import os
import sys

from .run import Options, RunFailed, run

DESCRIPTION = """\
Starts a simulated market and a real Home Assistant that follows it, both reached from
this machine only, and prints the dashboard's address. Ctrl-C ends both.

The browser is signed in by itself: Home Assistant here trusts this machine. That is a
login for development; never expose it.
"""
EPILOG = """\
environment with --host:
  GLOCALFLEX_USERNAME, GLOCALFLEX_PASSWORD   the account to sign in with; without them
                                             the market's public data alone is followed

The state (Home Assistant's storage, history and logs) is kept in .run between runs.
"""


def options() -> Options:
    """Read the command line and the environment."""
    parser = ArgumentParser(
        prog="script/run",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--host", metavar="HOST", help="a real market in place of the simulated one"
    )
    parser.add_argument(
        "--port",
        type=int,
        metavar="PORT",
        help="Home Assistant's port (8123, or a free one if that is taken)",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="forget the state of earlier runs"
    )
    arguments = parser.parse_args()
    return Options(
        host=arguments.host,
        port=arguments.port,
        fresh=arguments.fresh,
        username=os.environ.get("GLOCALFLEX_USERNAME", ""),
        password=os.environ.get("GLOCALFLEX_PASSWORD", ""),
    )


def main() -> int:
    """Run until Ctrl-C, or until something fails."""
    try:
        asyncio.run(run(options()))
    except RunFailed as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
