"""Processes that end when their owner does."""

import asyncio
from pathlib import Path
import sys

import psutil
import pytest

from script.development.child import ChildFailed, child
from script.development.run import free_port, started

SLEEPER = "import time; time.sleep(1000)"
# Starts another process, tells its id, and does not end when it is asked to.
STUBBORN = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen([sys.executable, "-c", {SLEEPER!r}]).pid, flush=True)
time.sleep(1000)
"""


def alive(pid: int) -> bool:
    """Tell whether a process runs: one that nobody has waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_nothing_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that does not end when asked is ended, and what it started too."""
    monkeypatch.setattr("script.development.child.STOP_SECONDS", 0.2)
    log = tmp_path / "log"
    async with child("it", [sys.executable, "-c", STUBBORN], log), asyncio.timeout(20):
        while not (text := log.read_text()).endswith("\n"):
            await asyncio.sleep(0.02)
        grandchild = int(text)
        assert alive(grandchild)
    async with asyncio.timeout(20):
        while alive(grandchild):
            await asyncio.sleep(0.02)


async def test_failure(tmp_path: Path) -> None:
    """A process that ends by itself ends what waits for other things, and says why."""
    command = [sys.executable, "-c", "print('no market'); raise SystemExit(3)"]
    async with child("the market", command, tmp_path / "log") as process:
        with pytest.raises(
            ChildFailed, match="the market ended with code 3:\nno market"
        ):
            await started([process], asyncio.Event().wait())


async def test_started(tmp_path: Path) -> None:
    """What is waited for comes first where the process goes on."""
    async with child(
        "it", [sys.executable, "-c", SLEEPER], tmp_path / "log"
    ) as process:
        await started([process], asyncio.sleep(0))


async def test_port() -> None:
    """A port that is taken gives way to a free one."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    taken = server.sockets[0].getsockname()[1]
    async with server:
        assert free_port(taken) not in (0, taken)
    assert free_port(taken) == taken
