"""Several processes that speak HTTP at one address, all at one model process: starts them, mends them, ends them. Speaks no HTTP itself."""

import asyncio
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.counts import Counts, named
from app.messages import Served
from app.metrics import FOLDER
from app.process import ModelProcess, StartError

log = logging.getLogger("kakite.supervisor")

BREATH_S = 1  # between a process that died soon after its start and the next


class Supervisor:
    """The whole mutable state: `ending`, and the processes that run."""

    def __init__(self, model: ModelProcess, served: list[Served], processes: int, host: str, port: int) -> None:
        self.model = model
        self.served = served
        self.processes = processes
        self.host, self.port = host, port
        self.running: dict[int, asyncio.subprocess.Process] = {}
        self.ending = asyncio.Event()

    def run(self) -> int:
        """0 when it was told to end; 1 where the model process has ended. Raises StartError."""
        try:
            return asyncio.run(self.supervise())
        except FileNotFoundError as error:  # as `tempfile` says that no folder can be written
            raise StartError(
                f"Several HTTP processes count together in a temporary file: {error.strerror}. Set TMPDIR, or KAKITE_HTTP_PROCESSES=1."
            ) from None

    async def supervise(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end, number)
        model = asyncio.create_task(self.watch_model())
        with (
            tempfile.TemporaryFile() as counted,
            tempfile.TemporaryDirectory(prefix="kakite-metrics-") as metrics,
            listening(self.host, self.port, self.processes) as sockets,
        ):
            self.counted, self.metrics, self.sockets = counted, Path(metrics), sockets
            self.counts = Counts(named(self.served), self.processes, 0, counted)
            log.info("Kakite on http://%s:%d, by %d processes. Ctrl-C ends it.", self.host, self.port, self.processes)
            await asyncio.gather(*(self.keep(mine) for mine in range(self.processes)))
        model.cancel()
        return 1 if self.model.process.poll() is not None else 0

    async def keep(self, mine: int) -> None:
        """One process, and another when it dies, until all end."""
        loop = asyncio.get_running_loop()
        while not self.ending.is_set():
            began_s = loop.time()
            process = self.running[mine] = await self.start(mine)
            status = await process.wait()
            del self.running[mine]
            self.counts.forget(mine)
            if self.ending.is_set():
                return
            if self.model.process.poll() is not None:
                self.end(signal.SIGTERM)
                return
            how = f"exit status {status}" if status >= 0 else f"signal {-status}"
            log.error("An HTTP process has ended (%s). Another takes its place.", how)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ending.wait(), max(0, began_s + BREATH_S - loop.time()))

    async def start(self, mine: int) -> asyncio.subprocess.Process:
        with self.model.door() as door:
            descriptors = [door.fileno(), self.counted.fileno(), self.sockets[mine].fileno()]
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "app.serving",
                *map(str, [*descriptors, mine, self.processes]),
                pass_fds=descriptors,
                env={**os.environ, FOLDER: str(self.metrics)},
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # so that Ctrl-C reaches this process alone, which passes it on
            )

    async def watch_model(self) -> None:
        while self.model.process.poll() is None:  # noqa: ASYNC110 - it is no child of asyncio's
            await asyncio.sleep(0.5)
        self.end(signal.SIGTERM)

    def end(self, number: signal.Signals) -> None:
        """What is in flight is still answered, but for a second Ctrl-C."""
        self.ending.set()
        for process in self.running.values():
            with suppress(ProcessLookupError):
                process.send_signal(number)


@contextmanager
def listening(host: str, port: int, processes: int) -> Iterator[list[socket.socket]]:
    """A socket for each process, bound to the same address. Linux shares connections out among them; this process keeps them open, so that
    those of a process that dies wait for its successor. Elsewhere it is one socket for all."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    shares = sys.platform == "linux"
    sockets: list[socket.socket] = []
    try:
        for _ in range(processes if shares else 1):
            one = socket.socket(family)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shares:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind((host, port))
            port = one.getsockname()[1]  # where any was asked for, all have the same
        yield sockets if shares else sockets * processes
    finally:
        for one in sockets:
            one.close()
