"""Starts a module in a process that ends with the one that has started it, whatever either of them is doing. Knows neither of them.

`python -m app.engine.orphans PARENT MODULE ...` runs `python -m MODULE ...`. Before it imports that, it asks the kernel to kill this
process as soon as the parent has gone, also while this process computes, waits or is stopped. Only Linux can do so. Elsewhere, and where
the thread that starts a process may end before its parent does, the process ends when its connection to the parent closes.
"""

import ctypes
import os
import runpy
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1  # of prctl(2): which signal the kernel sends when the thread that has started this process ends
NOBODY = "0"  # in place of a parent that is to be outlived


def command(module: str, *arguments: object) -> list[str]:
    """What starts the module, to be called by the thread that starts it."""
    bound = sys.platform == "linux" and threading.current_thread() is threading.main_thread()
    return [sys.executable, "-m", "app.engine.orphans", str(os.getpid()) if bound else NOBODY, module, *map(str, arguments)]


def end_with(parent: int) -> None:
    """Does not return where the parent has gone already."""
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
