"""Reading the service's answers."""

import io
from typing import Any

import httpx
import numpy as np
from PIL import Image

from models.pixels import Pixels


def pixels(response: httpx.Response) -> Pixels:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(response.content)) as image:
        assert image.mode == "L"
        return np.asarray(image)


def digits(response: httpx.Response, columns: int) -> Pixels:
    """A sheet cut into its places [rows * columns, 28, 28]."""
    picture = pixels(response)
    rows = picture.shape[0] // 28
    return picture.reshape(rows, 28, columns, 28).swapaxes(1, 2).reshape(-1, 28, 28)


async def post(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await client.post("/generate", json=body)


def assert_problem(response: httpx.Response, status: int, detail: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert detail.lower() in problem["detail"].lower()
    assert problem["detail"].endswith(".")


async def assert_still_serving(client: httpx.AsyncClient) -> None:
    assert pixels(await post(client, seed=1)).shape == (28, 28)
