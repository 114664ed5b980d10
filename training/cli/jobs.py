"""Jobs: commands that run side by side, each as a process of its own with its own log. Knows nothing of training."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.2
TAIL_BYTES = 4096


@dataclass(frozen=True)
class Job:
    """A command, and the file that takes what it prints."""

    title: str
    command: tuple[str, ...]
    log: Path

    @property
    def last_line(self) -> str:
        """What it printed last."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
                lines = file.read().decode(errors="replace").split("\n")
        except FileNotFoundError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def start(self, threads: int) -> subprocess.Popen[bytes]:
        """In a session of its own, so that Ctrl-C on the terminal does not reach it: whoever runs jobs passes it on, once."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": str(threads)},
                start_new_session=True,
            )


def side_by_side(
    jobs: Iterable[Job],
    at_once: int,
    threads: int,
    is_asked_to_stop: Callable[[], bool],
    tick: Callable[[Sequence[Job]], None],
) -> Iterator[tuple[Job, int]]:
    """Yields each job as it ends, with its exit status. `threads`: of each job's computations.

    `tick` is called several times a second with the jobs that run, until it is asked to stop. Then it starts no more, and interrupts those
    that run, which may still save what they have. Left early, it ends them, and waits until they have gone.
    """
    waiting, running = iter(jobs), dict[Job, subprocess.Popen[bytes]]()
    stopping = False
    try:
        while True:
            if not stopping and is_asked_to_stop():
                stopping, waiting = True, iter(())
                for process in running.values():
                    process.send_signal(signal.SIGINT)
            while len(running) < at_once and (job := next(waiting, None)):
                running[job] = job.start(threads)
            if not running:
                return
            time.sleep(POLL_S)
            if not stopping:
                tick(list(running))
            for job in [job for job, process in running.items() if process.poll() is not None]:
                yield job, running.pop(job).returncode
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()  # it saves what it has
