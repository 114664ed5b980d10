"""What the Open Inference Protocol and Triton's extensions tell of the service and its models, as the clients of both read it."""

import httpx
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from app.engine.process import ModelProcess
from app.main import create_app
from app.settings import Settings
from tests.answers import assert_problem

pytestmark = pytest.mark.anyio

NAMES = ["cgan", "dcgan", "dense", "kakite"]


async def version_of(client: httpx.AsyncClient, name: str = "kakite") -> str:
    [version] = (await client.get(f"/v2/models/{name}")).json()["versions"]
    return str(version)


async def test_probes_tell_in_json_what_kserves_client_reads(client: httpx.AsyncClient) -> None:
    version = await version_of(client)
    for path, told in (
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/v2/models/kakite/ready", {"name": "kakite", "ready": True}),
        (f"/v2/models/kakite/versions/{version}/ready", {"name": "kakite", "ready": True}),
        ("/v2/models", {"models": NAMES}),
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, told)
        assert answer.headers["content-type"] == "application/json"


async def test_what_can_be_got_answers_head_too(client: httpx.AsyncClient) -> None:
    of_model = "/v2/models/kakite"
    version = f"{of_model}/versions/{await version_of(client)}"
    of_v2 = ["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models", "/v2/models/stats"]
    of_v2 += [f"{path}{more}" for path in (of_model, version) for more in ("", "/ready", "/config", "/stats")]
    for path in [*of_v2, "/models", "/models/kakite", "/models/kakite/directions", "/livez", "/readyz", "/metrics", "/"]:
        assert (await client.head(path)).status_code == 200, path
    assert (await client.head("/v2/models/nobody/ready")).status_code == 404


async def test_stopped_service_says_so_to_both_clients(models: ModelProcess) -> None:
    app = create_app(Settings(), models.connect())
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        app.state.services.models.connection.close()
        for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/kakite/ready"):
            answer = await client.get(path)
            assert (answer.status_code, list(answer.json())) == (503, ["error"])
        index = (await client.post("/v2/repository/index")).json()
        assert {entry["state"] for entry in index} == {"UNAVAILABLE"}
        assert (await client.post("/v2/repository/index", json={"ready": True})).json() == []


def test_tritons_own_client_is_told_of_models(service: str) -> None:
    with triton.InferenceServerClient(service.removeprefix("http://")) as client:
        assert [(one["name"], one["state"]) for one in client.get_model_repository_index()] == [(name, "READY") for name in NAMES]
        [version] = client.get_model_metadata("kakite")["versions"]
        configuration = client.get_model_config("kakite")
        assert client.get_model_config("kakite", version) == configuration
        assert (configuration["name"], configuration["max_batch_size"]) == ("kakite", 1024)
        assert {one["name"]: (one["data_type"], one["dims"]) for one in configuration["input"]} == {
            "z": ("TYPE_FP32", [64]),
            "seed": ("TYPE_INT64", [1]),
            "label": ("TYPE_INT64", [1]),
        }
        assert "label" not in [one["name"] for one in client.get_model_config("dcgan")["input"]]
        with pytest.raises(InferenceServerException, match="There is no model of that name"):
            client.get_model_config("nobody")
        for ask in (client.load_model, client.unload_model):
            with pytest.raises(InferenceServerException, match="loaded when the service starts"):
                ask("kakite")


async def test_statistics_count_what_was_written(client: httpx.AsyncClient) -> None:
    async def told(path: str) -> dict[str, int]:
        [one] = [one for one in (await client.get(path)).json()["model_stats"] if one["name"] == "cgan"]
        queue, computed = one["inference_stats"]["queue"], one["inference_stats"]["compute_infer"]
        assert computed["count"] == one["execution_count"]
        assert (queue["ns"] > 0, computed["ns"] > 0) == (queue["count"] > 0, computed["count"] > 0)
        return {"images": one["inference_count"], "batches": one["execution_count"], "requests": queue["count"]}

    version = await version_of(client, "cgan")
    before = await told("/v2/models/cgan/stats")
    await client.post("/v2/models/cgan/infer", json={"inputs": [{"name": "seed", "shape": [3], "datatype": "INT64", "data": [7, 8, 9]}]})
    await client.get("/grid?n=4&seed=7&model=cgan")
    after = {"images": before["images"] + 7, "batches": before["batches"] + 2, "requests": before["requests"] + 2}
    for path in ("/v2/models/cgan/stats", f"/v2/models/cgan/versions/{version}/stats", "/v2/models/stats"):
        assert await told(path) == after
    everyone = (await client.get("/v2/models/stats")).json()["model_stats"]
    assert [one["name"] for one in everyone] == NAMES


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/nowhere", 404),
        ("GET", "/v2/models/kakite/nowhere", 404),
        ("GET", "/v2/models/nobody", 404),
        ("GET", "/v2/models/nobody/stats", 404),
        ("GET", "/v2/models/kakite/versions/1/config", 404),
        ("GET", "/v2/models/kakite/versions/1/stats", 404),
        ("GET", "/v2/models/kakite/infer", 405),
        ("POST", "/v2/models/kakite", 405),
        ("GET", "/v2/repository/index", 405),
        ("DELETE", "/v2", 405),
        ("PUT", "/v2/health/live", 405),
        ("POST", "/v2/repository/models/kakite/load", 400),
        ("POST", "/v2/repository/models/nobody/unload", 400),
        ("GET", "/v2/trace/setting", 404),
    ],
)
async def test_all_under_v2_is_refused_in_the_protocols_form(client: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    assert ("allow" in answer.headers) == (status == 405)


async def test_what_only_begins_like_the_protocols_paths_is_no_part_of_it(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/v2000"), 404, "nothing at this path")


async def test_index_asks_for_what_it_knows(client: httpx.AsyncClient) -> None:
    assert [one["name"] for one in (await client.post("/v2/repository/index", json={"ready": True})).json()] == NAMES
    for content in (b"[", b'{"ready": 0}'):
        answer = await client.post("/v2/repository/index", content=content)
        assert (answer.status_code, list(answer.json())) == (422, ["error"])
