"""How long OpenMP's threads spin while they wait for each other, on the CPU. Knows nothing of what they compute.

If another program takes one of their cores, the others spin all the while, and the work takes four or five times as long. If they slept at
once, they would wake too late for the next layer. So they spin briefly (docs/performance.md).
"""

import os

BRIEFLY = {"GOMP_SPINCOUNT": "4000"}


def spin_briefly() -> None:
    """Must be called before torch is imported. A value that is set already is kept."""
    for name, value in BRIEFLY.items():
        os.environ.setdefault(name, value)
