"""Trains one model in several processes, which torchrun starts, or in a single one. Knows no GAN.

All processes draw the same random numbers for the whole batch, and each takes its own rows. So batches are the same for any number of
processes, no two processes see the same row, and a run can be resumed with a different number of processes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed.nn  # now: torch's optimizers import it later, and its defaults then hold the process group for ever
from torch import Tensor, distributed, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn import functional as F


class ProcessesError(Exception):
    """Another process was lost, so the run cannot continue. The message says how to resume it."""


@dataclass(frozen=True)
class Processes:
    """The number of processes, and which of them this is."""

    count: int = 1
    rank: int = 0

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.rank == 0

    def mine(self, rows: Tensor) -> Tensor:
        """This process's rows of the whole batch: [n, ...] -> [n / count, ...]."""
        return rows.chunk(self.count)[self.rank]

    def mean(self, values: Tensor) -> Tensor:
        """The mean of the values over all processes."""
        return summed(values) / self.count if self.count > 1 else values

    def agreed(self, values: Tensor) -> Tensor:
        """Overwrites the values with those of the first process, in place."""
        if self.count > 1:
            distributed.broadcast(values, 0)
        return values

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return bool(self.mean(torch.tensor(float(flag))) > 0)

    def share_batch_norms(self, network: nn.Module) -> None:
        """Replaces each batch norm, in place, by one that has the same tensors but normalises over the rows of all processes."""
        if self.count == 1:
            return
        for parent in list(network.modules()):
            for name, norm in parent.named_children():
                if isinstance(norm, nn.BatchNorm1d):
                    setattr(parent, name, like(norm, SharedBatchNorm1d))
                elif isinstance(norm, nn.BatchNorm2d):
                    setattr(parent, name, like(norm, SharedBatchNorm2d))

    def average_gradients(self, network: nn.Module) -> None:
        """Averages the gradients over all processes, in place. To be called between `backward` and the optimizer's step.

        It does not use torch's DistributedDataParallel, which keeps the process group alive: `joined` must be able to end it.
        """
        if self.count > 1:
            for weights in network.parameters():
                if weights.grad is not None:
                    weights.grad.copy_(self.mean(weights.grad))


ALONE = Processes()


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Joins the processes that torchrun has started; yields ALONE if there are none. Raises ProcessesError if one of them is lost."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
        return
    store, rank, count = next(rendezvous("env://"))
    store = distributed.PrefixStore(restarts(), store)  # type: ignore[attr-defined]  # else processes that were started anew would look for the lost ones
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", store=store, rank=rank, world_size=count)
    try:
        yield Processes(count, rank)
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and "gloo" not in str(error):
            raise  # a fault of this process
        reason = str(error).splitlines()[0]
        raise ProcessesError(
            f"A process of this run is lost ({reason}). Go on from the last checkpoint: the same command with --resume"
        ) from error
    finally:
        # Ends gloo's threads, if nothing else holds the group. One that outlived the interpreter with a tensor in its hands would abort
        # the process, after all its work.
        distributed.destroy_process_group()


def local_device(device: torch.device) -> torch.device:
    """The device of this process. If torchrun has started it, each process of a machine gets its own GPU."""
    if device.type != "cuda" or "LOCAL_RANK" not in os.environ:
        return device
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    return torch.device("cuda", torch.cuda.current_device())


def restarts() -> str:
    """How often torchrun has restarted the processes after losing one."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")


def launch() -> str:
    """The id of this call of torchrun. Restarted processes have the same."""
    return os.environ.get("TORCHELASTIC_RUN_ID", "")


class Sum(torch.autograd.Function):
    """The sum over all processes. Its gradient is summed over all processes, too."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return summed(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return Sum.apply(gradient)  # type: ignore[no-any-return,no-untyped-call]


def summed(values: Tensor) -> Tensor:
    total = values.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total


class Shared:
    """A mixin for torch's batch norms: normalises over the rows of all processes. Torch's own SyncBatchNorm does not run on the CPU."""

    def forward(self: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor) -> Tensor:  # type: ignore[misc]
        """[n, features, ...] -> the same shape."""
        if not self.training:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps)
        dimensions = [0, *range(2, x.dim())]
        rows = x.float()
        sums = torch.stack([rows.sum(dimensions), rows.square().sum(dimensions), torch.full_like(self.bias, x.numel() / x.shape[1])])
        total, squares, n = Sum.apply(sums)  # type: ignore[no-untyped-call]
        mean = total / n
        variance = (squares / n - mean.square()).clamp(min=0)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.momentum is not None
        assert self.num_batches_tracked is not None
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (n / (n - 1)), self.momentum)
            self.num_batches_tracked.add_(1)
        scale = self.weight / torch.sqrt(variance + self.eps)
        shape = [1, -1, *[1] * (x.dim() - 2)]
        normed: Tensor = (rows - mean.reshape(shape)) * scale.reshape(shape) + self.bias.reshape(shape)
        return normed.to(x.dtype)


class SharedBatchNorm1d(Shared, nn.BatchNorm1d):
    pass


class SharedBatchNorm2d(Shared, nn.BatchNorm2d):
    pass


def like(norm: nn.BatchNorm1d | nn.BatchNorm2d, kind: type[SharedBatchNorm1d] | type[SharedBatchNorm2d]) -> nn.Module:
    shared = kind(norm.num_features, norm.eps, norm.momentum, device="meta")
    shared.load_state_dict(norm.state_dict(), assign=True)
    shared.weight, shared.bias = norm.weight, norm.bias  # the very parameters that the optimizer has
    return shared
