"""The Open Inference Protocol, as its own clients speak it."""

from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from models.latents import as_numbers, draw
from tests.answers import pixels, post

pytestmark = pytest.mark.anyio

URL = "/v2/models/kakite/infer"


def tensor(name: str, values: Any, datatype: str = "INT64", **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": list(np.shape(values)), "datatype": datatype, "data": values, **more}


def test_tritons_own_client_is_served(service: str) -> None:
    with triton.InferenceServerClient(service.removeprefix("http://")) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("kakite")
        assert not client.is_model_ready("nobody")
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
        ({"inputs": [tensor("seed", [1], "FP32")]}, "seed: its datatype is INT64"),
        ({"inputs": [tensor("seed", [1.5])]}, "seed: data is no list of INT64"),
        ({"inputs": [{**tensor("seed", [1]), "shape": [2]}]}, "of the shape [2]"),
        ({"inputs": [{**tensor("seed", [1]), "shape": [-1]}]}, "inputs.0.shape.0: Input should be greater than or equal to 0"),
        ({"inputs": [tensor("seed", [-1])]}, "seed: a list of numbers from 0"),
        ({"inputs": [tensor("seed", [[1]])]}, "seed: a list of numbers"),
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


async def test_broken_lengths_are_refused(client: httpx.AsyncClient) -> None:
    for length in ("-1", "x", "1000000", "10", "1" * 5000):
        answer = await client.post(URL, json={"inputs": [tensor("seed", [1])]}, headers={"Inference-Header-Content-Length": length})
        assert answer.status_code == 400, length
    answer = await client.post(URL, content=b" " * 5_000_000)
    assert (answer.status_code, "error" in answer.json()) == (413, True)
    answer = await client.post("/v2/models/nobody/infer", json={"inputs": [tensor("seed", [1])]})
    assert (answer.status_code, "error" in answer.json()) == (404, True)
