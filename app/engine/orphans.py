"""Starts a module in a child process that dies with its parent, whatever either is doing. Knows neither of them.

`python -m app.engine.orphans PARENT MODULE ...` runs `python -m MODULE ...`, but first asks the kernel to kill this process as soon as the
parent ends. That works even while the process computes or is stopped, but only on Linux, and only for children of the main thread: the
kernel watches the thread that started them. Other children end when their connection to the parent closes.
"""

import ctypes
import os
import runpy
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1  # of prctl(2): the signal that the kernel sends when the thread that started this process ends
NOBODY = "0"  # in place of the parent, where the kernel is not asked


def command(module: str, *arguments: object) -> list[str]:
    """The command line that starts the module. Call it in the thread that starts the process."""
    bound = sys.platform == "linux" and threading.current_thread() is threading.main_thread()
    return [sys.executable, "-m", "app.engine.orphans", str(os.getpid()) if bound else NOBODY, module, *map(str, arguments)]


def end_with(parent: int) -> None:
    """Exits if the parent has already ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)


def main() -> None:
    _, parent, module, *arguments = sys.argv
    if parent != NOBODY:
        end_with(int(parent))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
