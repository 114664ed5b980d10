"""The Open Inference Protocol, as its own clients speak it."""

import codecs
import json
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from app.inference import tensors
from app.schemas.inference import InferenceRequest
from models.latents import as_numbers, draw
from tests.answers import pixels, post

pytestmark = pytest.mark.anyio

URL = "/v2/models/kakite/infer"


def tensor(name: str, values: Any, datatype: str = "INT64", **more: Any) -> dict[str, Any]:
    """`more` comes instead of what is written here, or beside it."""
    shape = more.pop("shape", None) or list(np.shape(values))
    return {"name": name, "shape": shape, "datatype": datatype, "data": values, **more}


def test_tritons_own_client_is_served(service: str) -> None:
    with triton.InferenceServerClient(service.removeprefix("http://")) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("kakite")
        assert not client.is_model_ready("nobody")
        assert set(client.get_server_metadata()["extensions"]) >= {"binary_tensor_data", "statistics", "model_configuration"}
        [version] = client.get_model_metadata("kakite")["versions"]
        assert client.is_model_ready("kakite", version)
        seeds, labels = triton.InferInput("seed", [3], "INT64"), triton.InferInput("label", [3], "INT64")
        seeds.set_data_from_numpy(np.array([7, 100, 8]))
        labels.set_data_from_numpy(np.array([1, 2, 3]))
        answer = client.infer("kakite", [seeds, labels], request_id="mine", model_version=version)
        images = answer.as_numpy("image")
        assert answer.get_response()["id"] == "mine"
        assert images.shape == (3, 28, 28)
        alone = httpx.post(f"{service}/generate", json={"seed": 100, "label": 2})
        np.testing.assert_array_equal(images[1], pixels(alone))

        z = triton.InferInput("z", [1, 64], "FP32")
        z.set_data_from_numpy(as_numbers(draw(100, 1, 64).z), binary_data=False)
        labels = triton.InferInput("label", [1], "INT64")
        labels.set_data_from_numpy(np.array([2]))
        wanted = triton.InferRequestedOutput("image", binary_data=False)
        np.testing.assert_array_equal(client.infer("kakite", [z, labels], outputs=[wanted]).as_numpy("image"), images[1:2])

        with pytest.raises(InferenceServerException, match="There is no model of that name"):
            client.infer("nobody", [seeds])
        with pytest.raises(InferenceServerException, match="send a label with each z"):
            client.infer("kakite", [z])


async def test_json_alone_will_do(client: httpx.AsyncClient) -> None:
    answer = (await client.post(URL, json={"inputs": [tensor("seed", [7])]})).json()
    image = np.array(answer["outputs"][0]["data"], np.uint8).reshape(answer["outputs"][0]["shape"])
    np.testing.assert_array_equal(image[0], pixels(await post(client, seed=7)))
    assert "id" not in answer


@pytest.mark.parametrize(("sent", "used"), [(5.0, 3.96875), (-1e6, -3.96875), (0.1, 0.09375)])
async def test_z_comes_onto_the_grid(client: httpx.AsyncClient, sent: float, used: float) -> None:
    body = {"inputs": [tensor("z", [[sent] * 64], "FP32"), tensor("label", [3])]}
    answer = (await client.post(URL, json=body)).json()
    image = np.array(answer["outputs"][0]["data"], np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(image, pixels(await post(client, z=[used] * 64, label=3)))


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


@pytest.mark.parametrize(
    ("inputs", "like"),
    [
        ([tensor("seed", [[7], [100]]), tensor("label", [[3], [4]])], [tensor("seed", [7, 100]), tensor("label", [3, 4])]),
        ([tensor("seed", [7, 100], shape=[2, 1]), tensor("label", [3, 4])], [tensor("seed", [7, 100]), tensor("label", [3, 4])]),
        ([tensor("seed", [7], "UINT64"), tensor("label", [3], "UINT8")], [tensor("seed", [7]), tensor("label", [3])]),
        ([tensor("seed", [7], "INT32"), tensor("label", [3], "INT32")], [tensor("seed", [7]), tensor("label", [3])]),
        (
            [tensor("z", [[0.1] * 64], "FP64"), tensor("label", [3])],
            [tensor("z", [0.1] * 64, "FP32", shape=[1, 64]), tensor("label", [3])],
        ),
        ([tensor("seed", [7], parameters=None)], [tensor("seed", [7])]),
        ([tensor("seed", [7], parameters={"binary_data_size": None})], [tensor("seed", [7])]),
    ],
    ids=str,
)
async def test_what_clients_send_is_understood(client: httpx.AsyncClient, inputs: list[Any], like: list[Any]) -> None:
    answer, usual = await client.post(URL, json={"inputs": inputs}), await client.post(URL, json={"inputs": like})
    assert answer.status_code == usual.status_code == 200, answer.text
    assert answer.content == usual.content


async def test_binary_tensors_may_be_of_any_whole_numbers(client: httpx.AsyncClient) -> None:
    usual = await client.post(URL, json={"inputs": [tensor("seed", [7, 100])]})
    for datatype, kind in (("INT32", "<i4"), ("UINT64", "<u8"), ("UINT8", "<u1")):
        content = np.array([7, 100], kind).tobytes()
        head = json.dumps(
            {"inputs": [{"name": "seed", "shape": [2, 1], "datatype": datatype, "parameters": {"binary_data_size": len(content)}}]}
        )
        headers = {"Inference-Header-Content-Length": str(len(head))}
        assert (await client.post(URL, content=head.encode() + content, headers=headers)).content == usual.content


async def test_byte_order_mark_is_no_part_of_the_json(client: httpx.AsyncClient) -> None:
    body = {"inputs": [tensor("seed", [7])]}
    marked = codecs.BOM_UTF8 + json.dumps(body).encode()
    assert (await client.post(URL, content=marked)).content == (await client.post(URL, json=body)).content


async def test_nulls_and_numbered_requests_are_understood(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, json={"id": 42, "parameters": None, "outputs": None, "inputs": [tensor("seed", [7])]})
    assert answer.json()["id"] == "42"
    answer = await client.post(URL, json={"id": None, "inputs": [tensor("seed", [7])], "outputs": [{"name": "image", "parameters": None}]})
    assert "id" not in answer.json()


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


async def test_most_images_may_come_as_json(client: httpx.AsyncClient) -> None:
    z, labels = as_numbers(draw(100, 1024, 64).z), np.arange(1024) % 10
    inputs = [tensor("z", z.tolist(), "FP32"), tensor("label", labels[:, None].tolist())]
    answer = await client.post(URL, json={"inputs": inputs, "parameters": {"binary_data_output": True}})
    assert answer.status_code == 200, answer.text
    [behind] = json.loads(answer.content[: int(answer.headers["inference-header-content-length"])])["outputs"]
    assert behind["shape"] == [1024, 28, 28]


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


def test_images_are_written_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no step of an answer in JSON is long; the bytes are those of one step."""
    images = np.arange(100 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(100, 28, 28)
    asked = InferenceRequest.model_validate({"id": '"data": []', "inputs": [tensor("seed", [1])]})
    output = {"name": "image", "datatype": "UINT8", "shape": [100, 28, 28], "data": images.ravel().tolist()}
    whole = json.dumps({"model_name": "kakite", "model_version": "1", "outputs": [output], "id": '"data": []'}).encode()
    lengths = []
    dumps = json.dumps

    def measured(value: Any) -> str:
        lengths.append(len(dumps(value)))
        return dumps(value)

    monkeypatch.setattr(json, "dumps", measured)
    content, _ = tensors.answer(asked, "kakite", "1", images)
    assert content == whole
    assert max(lengths) < 6 * 28 * 28


async def test_broken_lengths_are_refused(client: httpx.AsyncClient) -> None:
    for length in ("-1", "x", "1000000", "10", "1" * 5000):
        answer = await client.post(URL, json={"inputs": [tensor("seed", [1])]}, headers={"Inference-Header-Content-Length": length})
        assert answer.status_code == 400, length
    answer = await client.post(URL, content=b" " * 5_000_000)
    assert (answer.status_code, "error" in answer.json()) == (413, True)
    answer = await client.post("/v2/models/nobody/infer", json={"inputs": [tensor("seed", [1])]})
    assert (answer.status_code, "error" in answer.json()) == (404, True)
