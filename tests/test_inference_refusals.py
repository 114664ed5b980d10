"""What the Open Inference Protocol is asked for and cannot have is refused in its form, in short, whatever was sent."""

from typing import Any

import httpx
import pytest

from tests.tensors import URL, tensor

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "inputs: Field required"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [tensor("sead", [1])]}, "there is none of that name"),
        ({"inputs": [tensor("seed", [1], "FP32")]}, "seed: its datatype is INT64; INT32, INT16, INT8, UINT64"),
        ({"inputs": [tensor("seed", [1.5])]}, "seed: data is no list of INT64"),
        ({"inputs": [{**tensor("seed", [1]), "shape": [2]}]}, "of the shape [2]"),
        ({"inputs": [{**tensor("seed", [1]), "shape": [-1]}]}, "inputs.0.shape.0: Input should be greater than or equal to 0"),
        ({"inputs": [tensor("seed", [-1])]}, "seed: a list of numbers from 0"),
        ({"inputs": [tensor("seed", [[1, 2]])]}, "seed: a list of numbers from 0 to 9007199254740991, of the shape [n] or [n, 1]"),
        ({"inputs": [tensor("seed", [1], "INT8", data=[128])]}, "seed: data is no list of INT8"),
        ({"inputs": [tensor("seed", [1], "UINT32", data=[-1])]}, "seed: data is no list of UINT32"),
        ({"inputs": [tensor("seed", [2**63], "UINT64")]}, "seed: a list of numbers from 0"),
        ({"inputs": [tensor("seed", [True])]}, "seed: data is no list of INT64"),
        ({"inputs": [tensor("seed", ["1"])]}, "seed: data is no list of INT64"),
        ({"inputs": [tensor("seed", [[[1]]], data=[[[1]]], shape=[1])]}, "seed: data is no list of INT64"),
        ({"inputs": [tensor("seed", [1], data=[1, [2]])]}, "seed: data is no list of INT64"),
        ({"inputs": [tensor("seed", [1], data=None)]}, "seed: data is no list of INT64"),
        ({"inputs": [tensor("seed", [1]), tensor("seed", [2])]}, "inputs: seed comes more than once"),
        ({"inputs": [tensor("seed", [1], shape=[2**31 - 1, 2**31 - 1])]}, "seed: data is no list of INT64"),
        ({"inputs": [tensor("seed", [1], shape=[2**63, 2**63])]}, "inputs.0.shape.0: Input should be less than or equal to"),
        ({"inputs": [tensor("seed", [1], parameters={"binary_data_size": True})]}, "seed: binary_data_size is a number of bytes"),
        ({"inputs": [tensor("seed", [1], parameters={"binary_data_size": -8})]}, "seed: binary_data_size is a number of bytes"),
        ({"inputs": [tensor("seed", [1], parameters={"a": {}})]}, "inputs.0.parameters: A parameter is a text, a number or a boolean."),
        ({"inputs": [tensor("z", [[0.0] * 64], "FP16"), tensor("label", [1])]}, "z: its datatype is FP32; FP64 will do, too"),
        ({"inputs": [tensor("z", [[1e39] * 64], "FP32"), tensor("label", [1])]}, "z: its numbers are finite"),
        ({"inputs": [tensor("seed", [1, 2]), tensor("label", [[1]])]}, "here 2, so that its shape is [2] or [2, 1]"),
        ({"inputs": [tensor("seed", [1])], "id": "x" * 1025}, "id: String should have at most 1024 characters"),
        ({"inputs": [tensor("seed", [10**400])]}, "seed: data is no list of INT64"),
        ({"inputs": [tensor("seed", [1]), tensor("z", [[0.0] * 64], "FP32")]}, "send either z or seed"),
        ({"inputs": [tensor("label", [1])]}, "send either z or seed"),
        ({"inputs": [tensor("z", [[0.0] * 63], "FP32"), tensor("label", [1])]}, "z: its shape is [n, 64]"),
        ({"inputs": [tensor("z", [[1e38] * 64], "FP32"), tensor("label", [1])]}, "z: its numbers are finite"),
        ({"inputs": [tensor("seed", [1]), tensor("label", [10])]}, "label: as many numbers as images, from 0 to 9"),
        ({"inputs": [tensor("seed", list(range(1025)))]}, "1 to 1024 images"),
        ({"inputs": [tensor("seed", [1])], "outputs": [{"name": "logits"}]}, "outputs: there is one, image"),
        ({"inputs": [tensor("seed", [1], parameters={"binary_data_size": 8})]}, "more than the 0 bytes that are left"),
    ],
    ids=str,
)
async def test_unfit_inferences_are_refused_in_the_protocols_form(client: httpx.AsyncClient, body: Any, error: str) -> None:
    answer = await client.post(URL, json=body)
    assert answer.status_code == 400
    assert error in answer.json()["error"]


SEED = b'{"name":"seed","shape":[1],"datatype":"INT64","data":[7]}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs":[' + SEED + b'],"outputs":[' + b",".join([b"{}"] * 1_300_000),
        b'{"inputs":[' + SEED + b'],"outputs":[' + b",".join([b'{"name":"image"}'] * 100_000),
        b'{"inputs":[' + b",".join([SEED] * 30_000),
        b'{"inputs":[{"name":"seed","shape":[1],"datatype":"INT64","data":[' + b"7," * 2_000_000,
        b'{"inputs":[{"name":"seed","shape":[1],"datatype":"INT64","data":[' + b"[[[]]]," * 100_000,
        b'{"parameters":{' + b'"a":{},' * 100_000,
    ],
    ids=lambda body: str(body[:80]),
)
async def test_json_of_more_values_than_are_needed_is_not_parsed(client: httpx.AsyncClient, body: bytes) -> None:
    """Else the others would wait for it. None of these is JSON, which is not what the answer complains about."""
    answer = await client.post(URL, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The JSON holds more than 68,864 values: send the tensors behind it (binary_data_size)")


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": [tensor("seed", [1])], "outputs": [{"name": "image"}] * 1000},
        {"inputs": [tensor("seed", [1])], "outputs": [{}] * 1000},
        {"inputs": [{}] * 1000},
        {"inputs": [tensor("seed", [1], shape=[-1] * 1000)]},
        {"inputs": [tensor("seed" * 1_000_000, [1])]},
        {"inputs": [tensor("seed", [1], "INT64" * 500_000)]},
        {"inputs": [tensor("seed", [1], shape=[10**4000, 10**4000])]},
        {"inputs": [tensor("seed", ["7" * 2_000_000])]},
        {"inputs": [tensor("seed", [1])], "outputs": [{"name": "image" * 100_000}]},
        {"inputs": [tensor("seed", [1])], "id": "x" * 1_000_000},
        {"x" * 1_000_000: 1},
    ],
    ids=lambda body: str(body)[:80],
)
async def test_refusals_are_short_whatever_is_sent(client: httpx.AsyncClient, body: Any) -> None:
    answer = await client.post(URL, json=body)
    assert answer.status_code == 400
    assert len(answer.content) < 500
    assert answer.json()["error"].endswith(".")


async def test_broken_lengths_are_refused(client: httpx.AsyncClient) -> None:
    for length in ("-1", "x", "1000000", "10", "1" * 5000):
        answer = await client.post(URL, json={"inputs": [tensor("seed", [1])]}, headers={"Inference-Header-Content-Length": length})
        assert answer.status_code == 400, length
    answer = await client.post(URL, content=b" " * 9_000_000)
    assert (answer.status_code, "error" in answer.json()) == (413, True)
    answer = await client.post("/v2/models/nobody/infer", json={"inputs": [tensor("seed", [1])]})
    assert (answer.status_code, "error" in answer.json()) == (404, True)
