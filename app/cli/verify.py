"""`python -m app verify`: do digits have the bytes here that they have on every other machine? Needs torch, as the model process does."""

import importlib.metadata
import platform
from pathlib import Path

import torch

from app.engine.weights_folder import files
from app.settings import Settings
from models import computing, device, golden, weights
from models.cards import GOLDEN, Card
from models.computing import Way
from models.integers import IntegerGenerator, fingerprint, golden_rows
from models.sentences import SentenceError

SIZES = (1, 7, 64, GOLDEN)  # of batches in which all golden digits are computed
FEATURES = ("avx2", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16", "dot_product", "sve")
LIBRARIES = ("torch", "numpy", "pillow", "zlib-ng")


class DisagreementError(SentenceError):
    """A model whose digits do not have their golden bytes here. The message says which."""


def verify(settings: Settings) -> None:
    """Prints what this machine is, and of each model and each way to compute it whether all golden digits agree. Raises DisagreementError
    where a way that would be taken is wrong, and WeightsError and DeviceError."""
    where = device.choose(settings.device)
    print(machine(where))
    read = [(path, readied(path)) for path in files(settings.weights)]  # all before the first is computed, which takes longer
    wrong = [path.name for path, (card, generator) in read if not agrees(card, generator, where)]
    if wrong:
        raise DisagreementError(
            f"Not the golden bytes: {', '.join(wrong)}. Fetch the file again; if that does not help, this machine computes wrongly."
        )
    print("All agree: the same seed gives the same bytes here as on every machine.")


def machine(where: torch.device) -> str:
    there = torch.cpu.get_capabilities()
    features = [name for name in FEATURES if there.get(name)]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return f"{device.describe(where)}, {platform.machine()} ({', '.join(features) or 'none of the features that matter'}); {versions}"


def readied(path: Path) -> tuple[Card, IntegerGenerator]:
    """Raises WeightsError."""
    loaded, generator, _ = weights.load_served(path)
    return loaded.card, generator


def agrees(card: Card, generator: IntegerGenerator, where: torch.device) -> bool:
    """Whether the way that a start would take gives all golden digits of a weights file."""
    assert card.integers is not None
    print(f"{card.name}: {GOLDEN:,} digits, in batches of {', '.join(map(str, SIZES))}; SHA-256 {card.integers.golden[:16]}...")
    found = {}
    for kind in computing.WAYS:
        if kind.is_for(where):
            found[kind.name] = gives_golden(kind(generator, where), generator, card.integers.golden)
            print(f"  {kind.name:20} {'agrees' if found[kind.name] else 'gives other bytes'}")
    try:
        taken = golden.choose(generator, card.integers.golden_first, where).way
    except golden.InexactError:
        print("  no way is taken")
        return False
    print(f"  {taken.name} is taken")
    return found[taken.name]


def gives_golden(way: Way, generator: IntegerGenerator, wanted: str) -> bool:
    rows = golden_rows(generator.z_dim, generator.classes)
    return all(fingerprint(golden.in_batches(way, rows, size)) == wanted for size in SIZES)
