"""From a float generator to one in integers: what is learnt is what is served."""

import numpy as np
import pytest
import torch

from models.computing import Reference
from models.generators import Generator
from models.integers import SUM_LIMIT, IntegerGenerator
from models.latents import Latents, draw, one_hot, rows
from models.networks import Convolutional, Dense, Networks, Refined
from models.pixels import Pixels, to_uint8
from tests.test_folding import lived_in
from training.distillation import integers
from training.distillation.integers import Student, distil
from training.measuring.sampling import write

CPU = torch.device("cpu")
KINDS = [Dense(), Convolutional(hidden=64), Refined(z_dim=100, hidden=64)]
SMALL = Refined(z_dim=100, hidden=16)


def drawn(classes: int) -> Latents:
    return draw(0, 64, 100, classes)


def written(generator: IntegerGenerator) -> Pixels:
    return Reference(generator, CPU)(rows(drawn(generator.classes).z, one_hot(drawn(generator.classes).label, generator.classes)))


def apart(student: Student, generator: Generator) -> float:
    """Grey levels, on average."""
    return float(np.abs(written(student.integers()).astype(int) - write(generator, drawn(generator.classes))).mean())


@pytest.mark.parametrize("classes", [0, 10])
@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_student_does_every_rounding_that_its_integers_do(networks: Networks, classes: int) -> None:
    """But for the last. Of these generators some channels are never active, whose steps are tiny."""
    student = Student(lived_in(networks, classes), networks.kind).double()
    given = torch.from_numpy(rows(drawn(classes).z, one_hot(drawn(classes).label, classes)))
    with torch.no_grad():
        foretold = to_uint8(student(given.double()))
    assert np.abs(written(student.integers()).astype(int) - foretold.numpy()).max() <= 1


@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_student_is_close_before_it_learns_and_no_sum_is_too_large(networks: Networks) -> None:
    generator = lived_in(networks, 10)
    student = Student(generator, networks.kind)
    assert apart(student, generator) < 5
    assert max(student.integers().bounds) <= SUM_LIMIT


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integers, "BATCH", 32)
    monkeypatch.setattr(integers, "CALIBRATED", 512)


@pytest.mark.usefixtures("small_batches")
def test_distillation_brings_it_closer_and_leaves_the_float_generator_as_it_was() -> None:
    generator = lived_in(SMALL, 10)
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    student = Student(generator, SMALL.kind)
    first = apart(student, generator)
    losses = list(distil(student, 100))
    assert len(losses) == 100
    assert apart(student, generator) < 0.8 * first
    assert all(torch.equal(tensor, before[name]) for name, tensor in generator.state_dict().items())


@pytest.mark.usefixtures("small_batches")
def test_same_seed_gives_the_same_integers() -> None:
    found = []
    for seed in (0, 0, 1):
        student = Student(lived_in(SMALL, 10), SMALL.kind)
        list(distil(student, 3, seed))
        found.append([part for layer in student.integers().layers for part in layer])
    assert all(map(torch.equal, found[0], found[1]))
    assert not all(map(torch.equal, found[0], found[2]))
