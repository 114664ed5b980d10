"""python -m training list | data | train | integers | export | compare | sweep | judge | evaluate | stacked | directions | encoder |
filmstrip | note"""

import sys
from collections.abc import Sequence

from models.interruption import ends_quietly
from models.spinning import spin_briefly

OURS = ("models", "training")


def main(arguments: Sequence[str] | None = None, program: str = "python -m training") -> int:
    spin_briefly()
    try:
        with ends_quietly():
            from training.cli.program import run
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing in OURS:
            raise
        print(
            f"Training needs more than serving does, and {missing} is not here: install Kakite with its extra `training`, "
            "by make setup in its folder, or by pip install '.[training]'.",
            file=sys.stderr,
        )
        return 1
    return run(arguments, program)


if __name__ == "__main__":
    sys.exit(main())
