"""How many processor cores there are for this program, and who gets them. Knows nothing of what they do."""

import math
import os
import sys
from pathlib import Path

MOST = 16  # processes that speak HTTP, unless more are asked for: one model process writes no more digits than they ask for
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds in each period, or "max" (cgroups, version 2)


def available(quota: Path = QUOTA) -> int:
    """Cores that this process may use: those it is bound to, and no more than its container is given."""
    there = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    try:
        given, period = quota.read_text().split()
        return max(1, min(there, math.ceil(int(given) / int(period))))
    except (OSError, ValueError):  # no such file, or no limit
        return there


def http_processes(asked: int, threads: int, device: str) -> int:
    """Processes that speak HTTP: as many as were asked for; with 0, as many as can be busy beside the model. On the CPU a digit takes
    about as long in one as in the other, so the model keeps half of the cores, or of the `threads` it was given; on another device it
    needs one core."""
    if asked:
        return asked
    busy = (threads or available()) // 2 if device == "cpu" else available() - 1
    return min(max(1, busy), MOST)
