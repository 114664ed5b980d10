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
from tests.tensors import URL, tensor

pytestmark = pytest.mark.anyio


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


async def test_most_images_may_come_as_json(client: httpx.AsyncClient) -> None:
    z, labels = as_numbers(draw(100, 1024, 64).z), np.arange(1024) % 10
    inputs = [tensor("z", z.tolist(), "FP32"), tensor("label", labels[:, None].tolist())]
    answer = await client.post(URL, json={"inputs": inputs, "parameters": {"binary_data_output": True}})
    assert answer.status_code == 200, answer.text
    [behind] = json.loads(answer.content[: int(answer.headers["inference-header-content-length"])])["outputs"]
    assert behind["shape"] == [1024, 28, 28]


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
