"""The sampler takes the way that is exact, and leaves the event loop a core where it can."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from app.engine.sampler import Sampler
from models import weights
from models.cards import FOLDER, IntegersCard
from models.golden import InexactError
from models.integers import IntegerGenerator
from models.latents import MIDDLE, Rows

CPU = torch.device("cpu")


def shipped() -> tuple[IntegerGenerator, IntegersCard]:
    loaded = weights.load(FOLDER / "kakite.safetensors")
    assert isinstance(loaded.generator, IntegerGenerator)
    assert loaded.card.integers is not None
    return loaded.generator, loaded.card.integers


def rows(n: int) -> Rows:
    return np.full((n, 74), MIDDLE, np.uint8)


@pytest.fixture
def threads() -> Iterator[int]:
    """So many as there were; put back afterwards."""
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_a_small_batch_is_computed_by_one_thread_less() -> None:
    sample = Sampler(*shipped(), CPU, threads=4, sparing_rows=32)
    for n, expected in ((32, 3), (33, 4), (1, 3)):
        assert sample(rows(n)).shape == (n, 28, 28)
        assert torch.get_num_threads() == expected


@pytest.mark.usefixtures("threads")
def test_each_event_loop_has_a_core() -> None:
    sample = Sampler(*shipped(), CPU, threads=4, sparing_rows=32, spared=3)
    sample(rows(1))
    assert torch.get_num_threads() == 1


@pytest.mark.usefixtures("threads")
def test_where_there_is_one_thread_it_computes_all() -> None:
    sample = Sampler(*shipped(), CPU, threads=1, sparing_rows=32)
    sample(rows(1))
    assert torch.get_num_threads() == 1


def test_threads_stay_as_they_are_unless_told(threads: int) -> None:
    Sampler(*shipped(), CPU)(rows(1))
    assert torch.get_num_threads() == threads


def test_a_check_that_fails_says_what_was_tried_and_leaves_the_threads_as_they_were(threads: int) -> None:
    """So the next model's small batches are not computed by still fewer."""
    generator, card = shipped()
    with pytest.raises(InexactError, match=r"computed as .*float32 by products on cpu"):
        Sampler(generator, card.model_copy(update={"golden_first": "0" * 64}), CPU, threads=4, sparing_rows=32)
    assert torch.get_num_threads() == threads
