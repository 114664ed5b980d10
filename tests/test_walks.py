"""Ways through the latent space: they hit their ends, and what lies between is where it should be."""

import base64
import io

import httpx
import numpy as np
import pytest
from PIL import Image

from app.digits import walks
from app.schemas.fields import Path
from models.latents import LIMIT, STEPS, WHOLE, as_numbers, draw, to_grid
from tests.answers import assert_problem, digits, pixels, post

pytestmark = pytest.mark.anyio

A, B, C = draw(1, 3, 64).z.astype(np.int64)  # in steps of the grid
VECTOR_A, VECTOR_B = as_numbers(draw(1, 2, 64).z).tolist()
ROUNDING = 64**0.5  # what it adds to a way's step at most, of 64 numbers that are each moved by half a step of the grid or less


@pytest.mark.parametrize("path", walks.PATHS)
def test_both_ways_hit_their_ends_exactly(path: Path) -> None:
    way = walks.journey([A, B, A * 3], 5, path)
    assert way.shape == (9, 64)
    for i, end in ((0, A), (4, B), (8, A * 3)):
        np.testing.assert_array_equal(way[i], end)


def test_arc_keeps_the_length_and_turns_evenly() -> None:
    start, end = (np.rint(1e6 * point / np.linalg.norm(point)).astype(np.int64) for point in (A, B))
    way = walks.journey([start, end], 9, "slerp")
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 1e6, rtol=1e-5)
    turns = [np.arccos(way[i] @ way[i + 1] / 1e12) for i in range(8)]
    np.testing.assert_allclose(turns, np.arccos(start @ end / 1e12) / 8, rtol=1e-3)
    assert np.linalg.norm(walks.lerp(start, end, 0.5)) < 0.95e6


@pytest.mark.parametrize(
    "end",
    [A, 2 * A, -A, -2 * A, 0 * A, A + np.eye(64, dtype=np.int64)[0], -A + np.eye(64, dtype=np.int64)[0]],
    ids=["same", "parallel", "opposite", "beyond", "origin", "near", "nearly opposite"],
)
def test_parallel_and_opposite_points_are_joined_too(end: walks.Point) -> None:
    way = walks.journey([A, end], 7, "slerp")
    assert way.dtype == np.int64
    np.testing.assert_array_equal(way[-1], end)
    np.testing.assert_array_equal(walks.slerp(A, end, 1), end)
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    assert steps.max() <= 2.5 * steps.min() + ROUNDING  # no leap
    np.testing.assert_array_equal(way, walks.journey([A, end], 7, "slerp"))


@pytest.mark.parametrize("point", [A, np.array([300, 400]), np.array([0, -500])], ids=["drawn", "leaning", "upright"])
def test_opposite_points_are_joined_by_half_a_circle(point: walks.Point) -> None:
    way = walks.journey([point, -point], 7, "slerp")
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), np.linalg.norm(point), atol=ROUNDING / 2)
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    np.testing.assert_allclose(steps, 2 * np.sin(np.pi / 12) * np.linalg.norm(point), atol=ROUNDING)


def test_square_has_its_corners() -> None:
    square = walks.plane(A, B, -B, 3, "lerp").reshape(3, 3, 64)
    for place, corner in (((0, 0), A), ((0, 2), B), ((2, 0), -B), ((2, 2), B - B - A)):
        np.testing.assert_array_equal(square[place], corner)
    np.testing.assert_allclose(square[1, 1], (square[0, 0] + square[2, 2]) / 2, atol=1)
    arcs = walks.plane(A, B, C, 5, "slerp")
    assert np.linalg.norm(arcs, axis=1).max() < 1.2 * max(np.linalg.norm(arcs[0]), np.linalg.norm(arcs[4]), np.linalg.norm(arcs[20]))


@pytest.mark.parametrize(("first", "last"), [(3, 8), (8, 3), (5, 5)])
@pytest.mark.parametrize("frames", [2, 7, 1024])
def test_labels_are_mixed_evenly_and_each_mixture_is_whole(first: int, last: int, frames: int) -> None:
    labels = walks.mixed(first, last, frames, 10)
    assert labels.dtype == np.uint8
    assert (labels.sum(axis=1) == WHOLE).all()
    assert labels[0, first] == labels[-1, last] == WHOLE
    if first != last:
        np.testing.assert_allclose(labels[:, last], np.linspace(0, WHOLE, frames), atol=0.5)


async def test_walk_begins_and_ends_with_its_seeds_digits(client: httpx.AsyncClient) -> None:
    answer = await client.get("/walk?from=1&to=2&frames=5&label=3")
    strip = digits(answer, 5)
    np.testing.assert_array_equal(strip[0], pixels(await post(client, seed=1, label=3)))
    np.testing.assert_array_equal(strip[4], pixels(await post(client, seed=2, label=3)))
    assert (await client.get("/walk?from=1&to=2&frames=5&label=3", headers={"if-none-match": answer.headers["etag"]})).status_code == 304
    journey = digits(await client.get("/walk?from=1&to=2,5&frames=3&label=3"), 5)
    np.testing.assert_array_equal(journey[2], strip[4])


async def test_one_digit_turns_into_another(client: httpx.AsyncClient) -> None:
    strip = digits(await client.get("/walk?from=1&to=1&frames=9&label=3..8"), 9)
    np.testing.assert_array_equal(strip[0], pixels(await post(client, seed=1, label=3)))
    np.testing.assert_array_equal(strip[8], pixels(await post(client, seed=1, label=8)))
    assert (strip[4] != strip[0]).any()
    assert (strip[4] != strip[8]).any()
    own = draw(1, 2, 64, 10).label
    unnamed = digits(await client.get("/walk?from=1&to=2&frames=3"), 3)
    np.testing.assert_array_equal(unnamed[2], pixels(await post(client, seed=2, label=int(own[1]))))


@pytest.mark.parametrize(("kind", "pillow"), [("apng", "PNG"), ("gif", "GIF"), ("webp", "WEBP")])
async def test_walk_is_animated(client: httpx.AsyncClient, kind: str, pillow: str) -> None:
    answer = await client.get(f"/walk?from=1&to=2&frames=6&label=3..8&format={kind}&scale=2&ms=120&loop=3")
    assert answer.headers["content-type"] == f"image/{kind}"
    strip = digits(await client.get("/walk?from=1&to=2&frames=6&label=3..8"), 6)
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.format == pillow
        assert image.n_frames == 6  # type: ignore[attr-defined]
        assert image.info["loop"] == (2 if kind == "gif" else 3)  # a GIF counts the repetitions
        image.seek(3)
        image.load()
        assert image.info["duration"] == 120
        np.testing.assert_array_equal(np.asarray(image.convert("L"))[::2, ::2], strip[3])
    assert_problem(await client.get(f"/walk?from=1&to=2&format={kind}", headers={"accept": "image/png"}), 406, f"image/{kind}")


@pytest.mark.parametrize("paper", ["white", "transparent"])
@pytest.mark.parametrize("kind", ["apng", "webp"])
async def test_animations_know_their_paper(client: httpx.AsyncClient, kind: str, paper: str) -> None:
    answer = await client.get(f"/walk?from=1&to=2&frames=3&label=3&format={kind}&paper={paper}")
    with Image.open(io.BytesIO(answer.content)) as image:
        image.seek(1)
        frame = np.asarray(image.convert("RGBA"))
    assert tuple(frame[0, 0]) == (255, 255, 255, 255) if paper == "white" else frame[0, 0, 3] == 0
    assert frame[..., 0].min() < 50


async def test_walk_between_vectors(client: httpx.AsyncClient) -> None:
    answer = await client.post("/walk", json={"z": [VECTOR_A, VECTOR_B], "label": 3, "frames": 5})
    assert answer.content == (await client.get("/walk?from=1&to=2&frames=5&label=3")).content
    assert_problem(await client.post("/walk", json={"z": [VECTOR_A, VECTOR_B]}), 422, "send a label with z")
    assert_problem(await client.post("/walk", json={"z": [VECTOR_A, [1.0]], "label": 3}), 422, "a vector has 1 numbers")
    assert_problem(await client.post("/walk", json={"z": [VECTOR_A], "label": 3}), 422, "at least 2 items")


async def test_plane_has_its_seeds_in_three_corners(client: httpx.AsyncClient) -> None:
    square = digits(await client.get("/plane?seeds=1,2,3&n=4&label=5"), 4)
    for place, seed in ((0, 1), (3, 2), (12, 3)):
        np.testing.assert_array_equal(square[place], pixels(await post(client, seed=seed, label=5)))


async def test_arithmetic_tells_the_digit_and_its_z(client: httpx.AsyncClient) -> None:
    body = {"plus": [1, VECTOR_B], "minus": [3], "label": 7}
    told = (await client.post("/arithmetic", json=body)).json()
    assert told["z"] == as_numbers(to_grid(A + B - C)).tolist()
    assert told["label"] == 7
    picture = base64.b64decode(told["image"])
    assert (await client.post("/arithmetic", json=body, headers={"accept": "image/png"})).content == picture
    assert (await post(client, z=told["z"], label=7)).content == picture


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/walk?from=1", "to: field required"),
        ("/walk?from=1&to=2&frames=1", "frames: should be greater than or equal to 2"),
        ("/walk?from=1&to=2,3&frames=1000", "1999 frames; 1024 are allowed"),
        ("/walk?from=1&to=2&label=3..", "label: should be a digit, or two with .. between them"),
        ("/walk?from=1&to=2&label=3..10", "label: 10 is none of the labels"),
        ("/walk?from=1&to=2&scale=32&frames=1000", "16,000,000 are allowed"),
        ("/walk?from=1&to=2&model=dcgan&label=3", "dcgan has no labels"),
        ("/walk?from=1&to=2&format=gif&paper=transparent", "take apng or webp"),
        ("/walk?from=1&to=2&format=gif&ms=15", "tens of milliseconds"),
        ("/walk?from=1&to=1&label=3&frames=100&ms=10000&format=gif", "655,350"),
        ("/plane?seeds=1,2", "seeds: list should have at least 3 items"),
        ("/plane?seeds=1,2,3&n=33", "n: should be less than or equal to 32"),
    ],
)
async def test_ways_that_lead_nowhere_are_refused(client: httpx.AsyncClient, path: str, detail: str) -> None:
    assert_problem(await client.get(path), 422, detail)


async def test_sum_takes_the_first_label_that_there_is(client: httpx.AsyncClient) -> None:
    told = (await client.post("/arithmetic", json={"plus": [VECTOR_A, 5]})).json()
    assert told["label"] == draw(5, 1, 64, 10).label[0]


@pytest.mark.parametrize(
    ("plus", "minus", "truncation", "steps"),
    [
        ([1000.0], [], 1.0, LIMIT),
        ([-1000.0], [], 1.0, -LIMIT),
        ([3.0, 3.0], [], 1.0, LIMIT),
        ([1000.0], [1.0], 1.0, LIMIT - STEPS),  # each is brought onto the grid, then they are added
        ([3.0, 3.0], [], 0.5, 3 * STEPS),  # what a sum is beyond the grid, it is until it has been truncated
        ([0.02], [], 1.0, 1),
    ],
)
async def test_arithmetic_tells_the_z_that_was_used_which_lies_on_the_grid(
    client: httpx.AsyncClient, plus: list[float], minus: list[float], truncation: float, steps: int
) -> None:
    body = {"plus": [[one] * 64 for one in plus], "minus": [[one] * 64 for one in minus], "truncation": truncation, "label": 3}
    told = (await client.post("/arithmetic", json=body)).json()
    assert told["z"] == [steps / STEPS] * 64
    assert (await post(client, z=told["z"], label=3)).content == base64.b64decode(told["image"])


async def test_gif_shown_once_is_not_repeated(client: httpx.AsyncClient) -> None:
    answer = await client.get("/walk?from=1&to=2&frames=3&label=3&format=gif&loop=1")
    with Image.open(io.BytesIO(answer.content)) as image:
        assert "loop" not in image.info
