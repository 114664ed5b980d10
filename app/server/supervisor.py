"""Several HTTP processes at one address, with one model process: starts, replaces and ends them. Speaks no HTTP itself."""

import asyncio
import logging
import os
import resource
import signal
import tempfile
from contextlib import ExitStack, suppress

from app.engine import orphans
from app.engine.messages import Served
from app.engine.process import LOADING, ModelProcess, StartError
from app.engine.registry import names_of_counts
from app.engine.watchdog import ASLEEP_S, until_hung
from app.server import signals
from app.server.listening import Address
from app.settings import Settings
from app.telemetry.counts import ASKED, BEAT, PROCESSES, USED_BY_THE_DEAD, Counts, now_us
from app.telemetry.metrics import MULTIPROC_VARIABLE

log = logging.getLogger("kakite.supervisor")

RESTART_PAUSE_S = 1  # at least, between the start of a process that died and that of its successor
BEYOND_S = 4  # after the grace period, for a process to end by itself
LOOK_S = 0.25  # between two checks of the model process


class Supervisor:
    """The whole mutable state: `ending`, `failed`, and the processes that run, by their index."""

    def __init__(self, settings: Settings, model: ModelProcess, served: list[Served], processes: int, address: Address) -> None:
        self.watchdog_s = settings.watchdog_s
        self.grace_s = settings.grace_s
        self.model = model
        self.served = served
        self.processes = processes
        self.address = address
        self.running: dict[int, asyncio.subprocess.Process] = {}
        self.ending = asyncio.Event()
        self.failed = False

    def run(self) -> int:
        """Returns 0 when asked to end; 1 if the model process ended or no HTTP process could start. Raises StartError and PortError."""
        with ExitStack() as stack:
            self.sockets = stack.enter_context(self.address.sockets(self.processes))
            try:
                self.counts_file = stack.enter_context(tempfile.TemporaryFile())
                self.metrics = stack.enter_context(tempfile.TemporaryDirectory(prefix="kakite-metrics-"))
            except OSError as error:
                raise StartError(
                    f"Several HTTP processes count together in temporary files: {error.strerror}. Set TMPDIR, or KAKITE_HTTP_PROCESSES=1."
                ) from None
            self.counts = Counts(names_of_counts(self.served), self.processes, self.processes, self.counts_file)
            asyncio.run(self.supervise())
        return 1 if self.failed else 0

    async def supervise(self) -> None:
        loop = asyncio.get_running_loop()
        # asyncio's own handlers would end with the loop, and the next signal would kill this process.
        signals.handle(lambda number, frame: loop.is_closed() or loop.call_soon_threadsafe(self.end))
        looking = [asyncio.create_task(look()) for look in (self.look_after_model, self.watch_model, self.watch_others)]
        await asyncio.gather(*(self.keep(index) for index in range(self.processes)))
        for task in looking:
            task.cancel()
        log.info("Ended.")

    async def keep(self, index: int) -> None:
        """Keeps one process running, and replaces it when it dies, until shutdown."""
        loop = asyncio.get_running_loop()
        while not self.ending.is_set():
            began_s = loop.time()
            try:
                process = self.running[index] = await self.start(index)
            except OSError:
                log.exception("An HTTP process could not be started.")
            else:
                if self.ending.is_set():  # shutdown began during the start
                    process.terminate()
                status = await process.wait()
                del self.running[index]
                self.bury(index, status)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ending.wait(), max(0, began_s + RESTART_PAUSE_S - loop.time()))

    def bury(self, index: int, status: int) -> None:
        """Clears the counts of a process that has ended, and logs why."""
        served_before = self.counts[PROCESSES].parts[index]
        self.counts.forget(index)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)  # of all processes that have ended
        self.counts[USED_BY_THE_DEAD].set(int(1e6 * (used.ru_utime + used.ru_stime)))
        if self.ending.is_set() or self.model.process.poll() is not None:  # `look_after_model` logs that
            return
        how = f"exit status {status}" if status >= 0 else f"signal {-status}"
        if served_before or status < 0 or any(self.counts[PROCESSES].parts):
            log.error("An HTTP process has ended (%s). Another takes its place.", how)
        else:  # a successor would fail, too
            log.critical("An HTTP process ended before any served (%s). What it printed says why.", how)
            self.failed = True
            self.end()

    async def start(self, index: int) -> asyncio.subprocess.Process:
        self.counts[BEAT].parts[index] = now_us()
        with self.model.new_connection() as connection:
            descriptors = [connection.fileno(), self.counts_file.fileno(), self.sockets[index].fileno()]
            return await asyncio.create_subprocess_exec(
                *orphans.command("app.server.serving", *descriptors, index, self.processes),
                pass_fds=descriptors,
                env={**os.environ, MULTIPROC_VARIABLE: self.metrics},
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # so that Ctrl-C reaches only this process, which passes it on
            )

    async def look_after_model(self) -> None:
        begun = False
        while self.model.process.poll() is None:  # asyncio did not start it, so it must be polled
            if not begun and not self.ending.is_set() and any(self.counts[PROCESSES].parts):
                begun = True
                log.info("Kakite on %s, by %d processes. Ctrl-C ends it.", self.address.describe(self.sockets[0]), self.processes)
            await asyncio.sleep(LOOK_S)
        if not self.ending.is_set():
            log.critical("The model process has ended. Restart the server.")
            self.failed = True
            self.end()

    async def watch_model(self) -> None:
        if self.watchdog_s:
            await until_hung(self.counts[ASKED], self.watchdog_s)
            self.model.kill_hung()

    async def watch_others(self) -> None:
        """Kills an HTTP process without a heartbeat, so that another takes its place. It must act before the watchdog: else the model
        process would be blamed for answers that the HTTP process does not read."""
        looked = now_us()
        while self.watchdog_s:
            await asyncio.sleep(LOOK_S)
            if now_us() - looked > 1e6 * ASLEEP_S:  # this process was stopped, and so were the others: each gets time for a heartbeat
                await asyncio.sleep(ASLEEP_S)
            looked = now_us()
            for index, process in self.running.items():
                if self.hangs(index, looked):
                    log.error("An HTTP process gives no sign of life. It is killed.")
                    with suppress(ProcessLookupError):
                        process.kill()

    def hangs(self, index: int, now: int) -> bool:
        """Whether a process's last heartbeat is too old; while it loads, its start counts as one."""
        loading = not self.counts[PROCESSES].parts[index]
        limit_s = LOADING * self.watchdog_s if loading else max(ASLEEP_S, self.watchdog_s / 2)
        return now - self.counts[BEAT].parts[index] > 1e6 * limit_s

    async def end_at_last(self) -> None:
        """Kills what still runs BEYOND_S after the grace period."""
        await asyncio.sleep(self.grace_s + BEYOND_S)
        for process in self.running.values():
            log.error("An HTTP process has not ended within the grace period. It is killed.")
            with suppress(ProcessLookupError):
                process.kill()

    def end(self) -> None:
        """Stops listening. Requests in flight are still answered, unless this is called a second time."""
        number = signal.SIGINT if self.ending.is_set() else signal.SIGTERM
        if not self.ending.is_set():
            log.info("Ending: no new connections are accepted; requests in flight are finished.")
            self.killing = asyncio.create_task(self.end_at_last())
        self.ending.set()
        for one in self.sockets:
            one.close()
        for process in self.running.values():
            with suppress(ProcessLookupError):
                process.send_signal(number)
