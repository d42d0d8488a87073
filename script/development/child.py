"""A process that ends when its owner does."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
import os
from pathlib import Path
import signal

STOP_SECONDS = 30
LOG_LINES_SHOWN = 15


class ChildFailed(Exception):
    """A process ended by itself."""


class Child:
    """A running process, its output in a log file."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, log: Path
    ) -> None:
        """Take over a process that leads a session of its own."""
        self._name = name
        self._process = process
        self._log = log

    async def failure(self) -> None:
        """Wait until the process ends by itself, which is always a failure."""
        code = await self._process.wait()
        last = self._log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        raise ChildFailed(f"{self._name} ended with code {code}:\n" + "\n".join(last))

    async def stop(self) -> None:
        """Ask the process to end, insist after a while, and leave none of its own behind."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            print(f"run: {self._name} does not end by itself", flush=True)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


@asynccontextmanager
async def child(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Child]:
    """Run a process in a session of its own, where Ctrl-C does not reach it, until the end of the block."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    running = Child(name, process, log)
    try:
        yield running
    finally:
        await running.stop()
