"""python -m training list | data | train | integers | export | compare | sweep | judge | evaluate | stacked | directions | encoder |
filmstrip | note"""

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from models.interruption import ends_quietly
from models.spinning import spin_briefly

EXTRA = ("matplotlib", "platformdirs", "prdc", "scipy", "sklearn", "tensorboard")  # looked for first, for some are imported late


def main(arguments: Sequence[str] | None = None, program: str = "python -m training") -> int:
    for package in EXTRA:
        if find_spec(package) is None:
            print(
                f"Training needs more than serving does, and {package} is not here: install Kakite with its extra `training`, "
                "by make setup in its folder, or by pip install '.[training]'.",
                file=sys.stderr,
            )
            return 1
    spin_briefly()
    with ends_quietly():
        from training.cli.program import run
    return run(arguments, program)


if __name__ == "__main__":
    sys.exit(main())
