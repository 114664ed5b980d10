"""Starting a server as its own process, asking it when it is ready, and weighing it. Knows nothing of what it serves."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

PATIENCE_S = 60
MARK = "BENCHMARKED_AT"  # in the environment of a server and all its children: its port


@dataclass(frozen=True)
class Contestant:
    """A server under test: `python -m MODULE --port N OPTIONS`."""

    name: str
    module: str
    options: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    serves_grids: bool = True
    folder: Path = Path()  # in which it is started


@dataclass(frozen=True)
class Running:
    url: str
    ready_s: float  # from the start of the process to the first answer
    process: psutil.Process

    @property
    def processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def resident_mb(self) -> float:
        """Of the process and all its children; what they share counts once."""
        return sum(process.memory_full_info().pss for process in self.processes) / 1e6

    def used_s(self) -> tuple[float, float]:
        """Seconds on a processor so far: of all but Kakite's model process, and of that."""
        http = model = 0.0
        for process in self.processes:
            times = process.cpu_times()
            if "app.engine.worker" in process.cmdline():
                model += times.user + times.system
            else:
                http += times.user + times.system
        return http, model


@contextmanager
def running(contestant: Contestant) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", contestant.module, "--port", str(port), *contestant.options]
    began = time.perf_counter()
    environment = {**os.environ, **contestant.settings, MARK: str(port)}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, cwd=contestant.folder, stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}"
        try:
            while not answers(url):
                if process.poll() is not None or time.perf_counter() - began > PATIENCE_S:
                    log.seek(0)
                    raise SystemExit(f"{contestant.name} did not start: {log.read().decode()[-2000:]}")
                time.sleep(0.01)
            yield Running(url, time.perf_counter() - began, psutil.Process(process.pid))
        finally:
            end(str(port))
            process.wait()


def end(mark: str) -> None:
    """All processes that were started under this mark, also those whose parent has gone: one that is left behind, spinning, is
    measured with whatever comes next."""
    processes = [process for process in psutil.process_iter() if marked(process, mark)]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=3)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive)


def marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark
    except psutil.Error:
        return False


def answers(url: str) -> bool:
    try:
        return httpx.post(f"{url}/generate", json={"seed": 0}).status_code == 200
    except httpx.TransportError:
        return False


def import_s() -> float:
    """What `import torch, fastapi` takes, the floor of every start."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch, fastapi"], check=True)
    return time.perf_counter() - began


def import_mb() -> float:
    """Resident memory of a process that has imported torch and fastapi."""
    code = "import torch, fastapi, psutil; print(psutil.Process().memory_full_info().pss / 1e6)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
