"""The engines that make the shards of a data set: this process, or Ray with one actor a node. Both use the same Maker.

Ray is imported only here, and only if its engine is chosen: pip install 'ray[data]'. Knows no file format.
"""

import importlib.util
import logging
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from anyio.from_thread import start_blocking_portal

from app.datasets import shards
from app.datasets.files import MissingLibrary
from app.datasets.requests import compute_for_stream
from app.datasets.shards import Shard, ShardPlan
from app.engine.process import ModelProcess
from app.engine.registry import ModelRegistry
from app.errors import ServiceError
from app.settings import Settings
from app.telemetry.metrics import Metrics

Count = Callable[[int], None]  # called with the number of digits of each finished shard


class EngineError(ServiceError):
    """Some shards could not be made; the finished ones stay. The message says why."""


class OtherWeights(ServiceError):
    """A node's weights differ from the plan's."""


class Maker:
    """Makes shards one after another, with its own model process."""

    def __init__(self, plan: ShardPlan, settings: Settings) -> None:
        """Raises StartError, and OtherWeights if this node's model of that name is a different one."""
        self.plan = plan
        self.stack = ExitStack()
        self.portal = self.stack.enter_context(start_blocking_portal())
        try:
            process = ModelProcess(settings)
            self.stack.callback(process.kill)
            process.wait_until_loaded()
            models: ModelRegistry = self.portal.call(lambda: ModelRegistry(settings, process.connect(), Metrics()))
            self.stack.enter_context(self.portal.wrap_async_context_manager(models.running()))
            model = models.find(plan.data.about["model"])
            if model.version != plan.data.about["version"]:
                raise OtherWeights(f"The weights of {model.name}, or this program, are not the same on all nodes.")
        except BaseException:
            self.close()
            raise
        self.compute = compute_for_stream(model)

    def make(self, shard: Shard) -> int:
        """Writes a shard, and returns its number of digits."""
        self.portal.call(shards.write_shard, self.plan, shard, self.compute)
        return shard.digits

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[int]]:
        """Ray Data's interface. The batch has columns with the shards' first and last seeds."""
        return {"digits": [self.make(Shard(int(first), int(last))) for first, last in zip(batch["first"], batch["last"], strict=True)]}

    def close(self) -> None:
        """After an error or Ctrl-C, the unfinished shard is dropped."""
        self.stack.__exit__(*sys.exc_info())


def local(plan: ShardPlan, missing: list[Shard], settings: Settings, count: Count) -> None:
    maker = Maker(plan, settings)
    try:
        for shard in missing:
            count(maker.make(shard))
    finally:
        maker.close()


def on_ray(plan: ShardPlan, missing: list[Shard], settings: Settings, count: Count) -> None:
    """On the cluster at RAY_ADDRESS, or on one that is started here: one actor per GPU, or one per node if there are no GPUs and all nodes
    are alike.

    If a node dies, others make its shards. Raises MissingLibrary and EngineError.
    """
    if importlib.util.find_spec("ray") is None:
        raise MissingLibrary("The engine ray needs Ray: pip install 'ray[data]' on every node. Or take --engine local.")
    import ray
    from ray.data import ActorPoolStrategy, DataContext
    from ray.exceptions import RayError, RayTaskError

    ray.init(ignore_reinit_error=True, log_to_driver=False, logging_level=logging.ERROR)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    DataContext.get_current().enable_progress_bars = False
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    gpus = int(sum(node.get("GPU", 0) for node in nodes))
    cores = int(min(node["CPU"] for node in nodes))
    items = [{"first": shard.first, "last": shard.last} for shard in missing]
    made = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
        Maker,
        fn_constructor_args=(plan, settings),
        batch_size=1,
        compute=ActorPoolStrategy(size=min(gpus or len(nodes), len(items)), max_tasks_in_flight_per_actor=2),
        num_gpus=1 if gpus else None,
        num_cpus=None if gpus else cores,  # of the smallest node, so that each node runs one actor
    )
    try:
        for row in made.iter_rows():
            count(row["digits"])
    except RayTaskError as error:
        raise EngineError(f"A node could not make its shards: {in_one_line(error.cause)}") from error
    except RayError as error:
        raise EngineError(f"Ray gave up: {in_one_line(error)}") from error


def in_one_line(error: Exception) -> str:
    """Ray's messages have many lines."""
    return " ".join(str(error).split())


ENGINES: dict[str, Callable[[ShardPlan, list[Shard], Settings, Count], None]] = {"local": local, "ray": on_ray}
