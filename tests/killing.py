"""python -m tests.killing SEED KILLS DATA FOLDER: trains `dense` twice, once undisturbed and once killed again and again, and resumed.

Every run is a fork of this process, which has imported everything and begun no thread; so it takes a moment to start, and is killed at any
point: while data are read, in a step, in the middle of a checkpoint, while pictures or integers are made. Prints how often it was killed
and resumed, as JSON.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from training.cli import session
from training.cli.program import run

IMAGES = 1600  # of 400, in 100 steps


def main(seed: int, kills: int, data: Path, folder: Path) -> None:
    session.CHECKPOINT_S = 0.0  # as often as there is progress
    session.SHEETS = 4
    draws = random.Random(seed)
    began = time.monotonic()
    assert ended(begun(data, folder / "whole", resume=False)) == 0
    whole_s = time.monotonic() - began
    killed = resumed = 0
    while killed < kills:
        resume = (folder / "parts" / "checkpoint.pt").exists()
        child = begun(data, folder / "parts", resume)
        time.sleep(draws.uniform(0, whole_s / 2))
        os.kill(child, signal.SIGKILL)
        status = ended(child)
        assert status in (0, -signal.SIGKILL), status
        killed += status != 0
        resumed += resume
    assert ended(begun(data, folder / "parts", resume=(folder / "parts" / "checkpoint.pt").exists())) == 0
    print(json.dumps({"killed": killed, "resumed": resumed, "whole_s": whole_s}))


def begun(data: Path, out: Path, resume: bool) -> int:
    """The process number of a run, which writes to a log beside its folder."""
    child = os.fork()
    if child:
        return child
    log = os.open(out.with_name(f"{out.name}.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    options = ["train", "dense", "--images", str(IMAGES), "--batch", "16", "--device", "cpu", "--data", str(data), "--out", str(out)]
    os._exit(run([*options, *["--resume"] * resume], "train"))


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
