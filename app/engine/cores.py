"""How many CPU cores this program may use, and how many of them the HTTP processes get. Knows nothing of the work."""

import math
import os
import sys
from pathlib import Path

HTTP_PROCESSES_MAX = 16  # unless the settings ask for more: these keep one model process busy
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds in each period, or "max" (cgroups, version 2)


def available(quota: Path = QUOTA) -> int:
    """Cores that this process may use, by its CPU affinity and its container's quota."""
    visible = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    try:
        quota_us, period_us = quota.read_text().split()
        return max(1, min(visible, math.ceil(int(quota_us) / int(period_us))))
    except (OSError, ValueError):  # no such file, or no limit
        return visible


def http_processes(asked: int, threads: int, device: str) -> int:
    """The number of HTTP processes: `asked`, or with 0 as many as can be busy beside the model. On the CPU a digit takes about as long in
    the HTTP process as in the model process, so the model keeps half of the cores (or of `threads`); on another device it needs one."""
    if asked:
        return asked
    busy = (threads or available()) // 2 if device == "cpu" else available() - 1
    return min(max(1, busy), HTTP_PROCESSES_MAX)
