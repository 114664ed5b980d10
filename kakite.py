"""kakite COMMAND: `python -m app COMMAND` and `python -m training COMMAND` under one name, from any folder.

Knows which of the two has a command, not what it does. Neither is imported before it is known which one is meant: training takes packages
that serving does without.
"""

import difflib
import os
import sys
import textwrap

SERVICE = {
    "serve": "serve over HTTP (the default command)",
    "sheet": "draw a sheet of digits as a PNG",
    "write": "write a number, date or postcode in one hand, as a PNG",
    "dataset": "make a labelled data set, in one of six formats",
    "page": "write the page as files that need no service, for any static host",
    "hand": "read a hand from a picture of one digit, and write in it",
    "verify": "check that digits have the same bytes here as on every machine",
}
TRAINING = {
    "list": "show the recipes, and what each swaps against the one it comes from",
    "data": "show your own images before they are trained on, or download MNIST",
    "train": "train a recipe, until its generator can be served",
    "integers": "convert a float generator into the integer one that is served; train does this, too",
    "export": "write a generator as an ONNX graph or a torch program, for other programs",
    "compare": "draw and score several weights side by side, beside real digits",
    "sweep": "train recipes with several seeds each, some at a time, and score them with the spread between seeds",
    "judge": "train the classifier that scores generators",
    "evaluate": "measure how good generators are, beside real digits",
    "stacked": "train on Stacked MNIST, and count the covered ones of its 1,000 modes",
    "directions": "find ways through the latent space: thicker, leaning, wider, taller",
    "encoder": "train the encoder that reads hands: a digit in, the z that writes it out",
    "filmstrip": "draw how several runs learnt, side by side",
    "note": "write a sentence into the card of a weights file",
}
HELP = """\
usage: kakite [COMMAND] ...

Handwritten digits by generators that were trained on MNIST.

commands:
{service}

commands that train, of the extra `training`:
{training}

options:
  -h, --help    show this help message and exit; after a COMMAND its options
  --version     show the version and exit

Settings of the service are KAKITE_* variables: see docs/operations.md.
"""


def main() -> int:
    arguments = sys.argv[1:]
    os.environ["PYTHONSAFEPATH"] = "1"  # so that processes which are started import no `app` that lies in the folder by chance
    match arguments:
        case ["-h" | "--help", *_]:
            print(HELP.format(service=listed(SERVICE), training=listed(TRAINING)), end="")
            return 0
        case [name, *_] if name in TRAINING:
            from training.__main__ import main as train

            return train(arguments, "kakite")
        case [name, *_] if name not in SERVICE and not name.startswith("-"):
            near = difflib.get_close_matches(name, [*SERVICE, *TRAINING], n=1)
            print(f"kakite has no command {name!r}. {f'Is {near[0]} meant? ' if near else ''}kakite --help lists all.", file=sys.stderr)
            return 2
    from app.server import signals

    signals.handle(signals.leave)  # also while modules are imported
    from app.__main__ import main as serve

    return serve(arguments, "kakite")


def listed(commands: dict[str, str]) -> str:
    return "\n".join(textwrap.fill(f"  {name:<12}{about}", 80, subsequent_indent=" " * 14) for name, about in commands.items())


if __name__ == "__main__":
    sys.exit(main())
