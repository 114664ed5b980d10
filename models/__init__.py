"""What training and serving share: networks, latent vectors, pixels, weights files.

`load` gives a generator without a server. Imports neither `training` nor `app`, and torch only when a generator is loaded.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.local import LocalGenerator


def load(model: str | Path = "kakite", device: str = "cpu") -> "LocalGenerator":
    """A shipped model by its name, or a weights file; see `models.local`."""
    from models import local  # here, because HTTP processes run without torch

    return local.load(model, device)
