"""The command that makes a data set in shards: what is wanted, what of it is there already, the rest by an engine."""

import argparse
from pathlib import Path
from typing import Any

from app.datasets import shards
from app.datasets.engines import ENGINES
from app.datasets.requests import data_set
from app.datasets.shards import ShardPlan
from app.engine.messages import Known
from app.engine.registry import find
from app.schemas.datasets import BulkQuery
from app.schemas.validation import validated
from app.settings import Settings


def make(options: argparse.Namespace, given: dict[str, str], progress: Any) -> str:
    """What is told when all is there. Raises what `cli.data_sets` tells in a sentence."""
    wanted = validated(BulkQuery, given)
    settings = Settings(access_log=False)
    model = looked_up(settings, wanted.model)
    out = options.out if "://" in options.out else str(Path(options.out).resolve())  # nodes have working folders of their own
    plan = ShardPlan(data_set(model, wanted), wanted.format, wanted.shard, out)
    missing = shards.begin(plan)
    there = wanted.n - sum(shard.digits for shard in missing)
    with progress(wanted.n) as count:
        count(there)
        if missing:
            ENGINES[options.engine or "local"](plan, missing, settings, count)
    shards.finish(plan)
    found = f", {there:,} of them there before" if there else ""
    return f"{options.out}: {wanted.n:,} digits{found}; {shards.MANIFEST} lists the shards"


def looked_up(settings: Settings, name: str | None) -> Known:
    """A model as its weights file tells of it; that it gives its golden bytes is found out by whoever makes digits. Raises UnknownModel,
    WeightsError and DirectionsError."""
    from app.engine import weights_folder  # here, for it needs torch

    known = {one.card.name: Known(one.card, one.sha256) for one in weights_folder.read_all(settings).values()}
    return find(known, name or settings.model)
