"""Programs write clients from the OpenAPI document: what they write can be imported, has a type for whatever is answered and fetches it."""

import importlib
import io
import json
import re
import subprocess
import sys
import typing
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from app.schemas.answers import DigitList, Sum, WrittenLine, WrittenLines
from app.schemas.inference import InferenceAnswer

BIN = Path(sys.executable).parent
JSON = {"accept": "application/json"}
OPERATIONS = {
    "generate", "get_digits", "get_grid", "get_writing", "write", "get_walk", "walk", "get_plane", "arithmetic", "read_hand",
    "get_dataset",
    "list_models", "get_model", "get_directions", "get_weights", "is_live", "is_ready", "get_metrics",
    "get_server_metadata", "is_server_live", "is_server_ready", "list_model_names", "get_repository_index", "get_statistics",
    "get_model_statistics", "get_model_version_statistics", "get_model_configuration", "get_model_version_configuration",
    "get_model_metadata", "get_model_version_metadata", "is_model_ready", "is_model_version_ready", "infer", "infer_version",
}  # fmt: skip


@pytest.fixture(scope="module")
def document(service: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    file.write_bytes(httpx.get(f"{service}/openapi.json").content)
    return file


@pytest.fixture(scope="module")
def package(document: Path) -> Iterator[str]:
    """The name of what openapi-python-client writes, which must not complain of anything."""
    config = document.with_name("config.json")
    config.write_text(json.dumps({"post_hooks": []}))  # formatting
    target = document.with_name("kakite_client")
    options = ("--path", document, "--output-path", target, "--meta", "none", "--config", config, "--fail-on-warning")
    written(BIN / "openapi-python-client", "generate", *options)
    sys.path.insert(0, str(document.parent))
    yield target.name
    sys.path.remove(str(document.parent))
    for name in [name for name in sys.modules if name.split(".")[0] == target.name]:
        del sys.modules[name]


def written(*command: str | Path) -> None:
    told = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


class Written:
    """The client, as one that imports it sees it."""

    def __init__(self, package: str, client: Any) -> None:
        self.package, self.client = package, client
        self.models = importlib.import_module(f"{package}.models")

    def operation(self, tag: str, name: str) -> ModuleType:
        return importlib.import_module(f"{self.package}.api.{tag}.{name}")

    def ask(self, tag: str, name: str, *arguments: str, **more: Any) -> Any:
        return self.operation(tag, name).__dict__["sync"](*arguments, client=self.client, **more)


@pytest.fixture(scope="module")
def client(package: str, service: str) -> Iterator[Written]:
    with importlib.import_module(package).Client(base_url=service, raise_on_unexpected_status=True) as client:
        yield Written(package, client)


def test_generated_client_fetches_pictures(client: Written, service: str) -> None:
    models = client.models
    digit = client.ask("pictures", "generate", body=models.GenerateBody(seed=7, label=3)).payload.read()
    assert digit == httpx.get(f"{service}/generate?seed=7&label=3").content
    assert digit.startswith(b"\x89PNG")
    for tag, name, arguments, query, path in (
        ("pictures", "get_digits", (), {"seed": 7, "label": [3, 1]}, "/generate?seed=7&label=3,1"),
        ("pictures", "get_grid", (), {"seed": 7, "label": "each", "n": 2}, "/grid?seed=7&label=each&n=2"),
        ("writing", "get_writing", ("1/2 3",), {"seed": 7, "slant": 3.5}, "/write/1/2%203?seed=7&slant=3.5"),
        ("latent_space", "get_walk", (), {"from_": 1, "to": [2, 3], "frames": 4}, "/walk?from=1&to=2,3&frames=4"),
        ("latent_space", "get_plane", (), {"seeds": [1, 2, 3], "n": 3}, "/plane?seeds=1,2,3&n=3"),
        ("data_sets", "get_dataset", (), {"n": 20, "label": [3]}, "/dataset?n=20&label=3"),
    ):
        assert client.ask(tag, name, *arguments, **query).payload.read() == httpx.get(service + path).content, name
    animated = client.ask(
        "latent_space", "walk", body=models.WalkBody(z=[[0.5] * 64, [0.0] * 64], label="3", format_=models.WalkBodyFormat.GIF)
    )
    assert animated.payload.read().startswith(b"GIF89a")
    lines = client.ask("writing", "write", body=models.WriteBody(lines=["3.14"], seed=7)).payload
    assert zipfile.ZipFile(lines).namelist() == ["0.png", "labels.csv", "metadata.jsonl"]


def test_generated_client_reads_what_is_told_and_refused_as_its_types(client: Written) -> None:
    models = client.models
    refused = client.ask("pictures", "generate", body=models.GenerateBody(n=2000))
    assert isinstance(refused, models.ProblemDetails)
    assert (refused.status, refused.title) == (422, "Unprocessable Entity")
    assert "n: should be less than or equal to 1024" in refused.detail
    assert isinstance(client.ask("pictures", "get_grid", scale=1000), models.ProblemDetails)
    assert client.ask("models", "get_model", "nobody").status == 404
    told = client.ask("latent_space", "arithmetic", body=models.ArithmeticBody(plus=[1, 2], minus=[3]))
    assert (isinstance(told, models.Sum), len(told.z)) == (True, 64)
    assert isinstance(client.ask("models", "get_directions", "kakite").directions[0], models.Direction)
    assert isinstance(client.ask("health", "is_ready"), models.Readiness)
    assert "kakite_images_total" in client.ask("health", "get_metrics")
    tensor = models.InputTensor(name="seed", shape=[1], datatype="INT64", data=[7])
    answer = client.ask("open_inference_protocol", "infer", "kakite", body=models.InferenceRequest(inputs=[tensor]))
    assert (isinstance(answer, models.InferenceAnswer), len(answer.outputs[0].data)) == (True, 28 * 28)
    refused = client.ask("open_inference_protocol", "infer", "kakite", body=models.InferenceRequest(inputs=[]))
    assert isinstance(refused, models.InferenceError)
    assert client.ask("open_inference_protocol", "get_repository_index", body=models.IndexRequest())[0].state == "READY"


def test_generated_client_has_a_type_for_all_that_has_a_body(client: Written, document: Path) -> None:
    for path, item in json.loads(document.read_bytes())["paths"].items():
        for described in item.values():
            operation = client.operation(described["tags"][0].lower().replace(" ", "_"), described["operationId"])
            types = typing.get_args(typing.get_type_hints(operation.__dict__["sync"])["return"])
            error = client.models.InferenceError if path.startswith("/v2") else client.models.ProblemDetails
            assert error in types, path
            assert (str in types) == (path == "/metrics"), path
            assert (Any in types) == ("304" in described["responses"]), path


def test_models_that_datamodel_code_generator_writes_read_the_answers(
    document: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = document.with_name("written_models.py")
    options = ("--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel", "--set-default-enum-member")
    written(BIN / "datamodel-codegen", "--input", document, "--output", file, *options, "--formatters", "builtin")
    assert re.search(r"^ .*\bAny\b", file.read_text(), re.MULTILINE) is None
    monkeypatch.syspath_prepend(document.parent)
    models = importlib.import_module(file.stem).__dict__
    monkeypatch.delitem(sys.modules, file.stem)
    listed = httpx.get(f"{service}/generate?seed=7&n=3", headers=JSON)
    assert [digit.seed for digit in models["DigitList"].model_validate_json(listed.content).images] == [7, 8, 9]
    body = models["GenerateBody"](seed=7, z=None, label=[3, 1], n=2).model_dump_json(exclude_none=True)
    assert httpx.post(f"{service}/generate", content=body).status_code == 200
    refused = httpx.get(f"{service}/grid?n=0").content
    assert models["ProblemDetails"].model_validate_json(refused).status == 422
    assert models["ModelList"].model_validate_json(httpx.get(f"{service}/models").content).default == "kakite"


def test_all_schemas_have_names_and_operations_those_that_a_person_would_choose(document: Path) -> None:
    described = json.loads(document.read_bytes())
    schemas = described["components"]["schemas"]
    assert re.search(r"HTTPValidationError|-Input|-Output|__", " ".join(schemas)) is None
    named = {reference.rsplit("/", 1)[1] for reference in references(described)}
    assert named
    assert named <= schemas.keys()
    operations = [(path, operation) for path, item in described["paths"].items() for operation in item.values()]
    assert sorted(operation["operationId"] for _, operation in operations) == sorted(OPERATIONS)
    for path, operation in operations:
        error = "InferenceError" if path.startswith("/v2") else "ProblemDetails"
        media_type = "application/json" if path.startswith("/v2") else "application/problem+json"
        assert {"400", "401", "500"} <= operation["responses"].keys()
        assert ("415" in operation["responses"]) == ("requestBody" in operation), path
        for status, answer in operation["responses"].items():
            if status in ("408", "431"):  # answered before the path is known
                assert answer["content"].keys() == {"application/problem+json"}, path
            elif status[0] in "45" and media_type in answer["content"]:
                assert next(iter(answer["content"].items())) == (media_type, {"schema": {"$ref": f"#/components/schemas/{error}"}}), path
            else:
                assert status in ("200", "206", "304"), (path, status)
        assert '"properties"' not in json.dumps(operation), path  # an object without a name


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict) and isinstance(part.get("$ref"), str):
        yield part["$ref"]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(inner)


def test_default_answer_is_described_first_and_json_last(document: Path, service: str) -> None:
    """For generators take the first that they can read."""
    bodies = {
        "/generate": {"seed": 7},
        "/walk": {"z": [[0.5] * 64] * 2, "label": 3},
        "/write": {"lines": ["1"]},
        "/arithmetic": {"plus": [1]},
    }
    queries = {"/walk": "?from=1&to=2&frames=2", "/plane": "?seeds=1,2,3&n=2", "/dataset": "?n=7"}
    for path, item in json.loads(document.read_bytes())["paths"].items():
        for method, operation in item.items():
            content = list(operation["responses"]["200"]["content"])
            if "application/json" in content[1:]:
                assert content[-1] == "application/json", path
            if method == "post" and path in bodies:
                answer = httpx.post(service + path, json=bodies[path])
            elif method == "get" and "{name}" not in path:
                answer = httpx.get(service + path.format(text="7") + queries.get(path, ""))
            else:
                continue
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == content[0], path


def test_json_answers_are_what_their_schemas_say(service: str) -> None:
    for schema, path in (
        (DigitList, "/generate?seed=7&n=2"),
        (DigitList, "/generate?seed=7&model=dense"),
        (DigitList, "/grid?seed=7&n=2"),
        (DigitList, "/walk?from=1&to=2&frames=2"),
        (DigitList, "/plane?seeds=1,2,3&n=2"),
        (WrittenLine, "/write/12-3?seed=7"),
    ):
        schema.model_validate_json(httpx.get(service + path, headers=JSON).content)
    lines = httpx.post(f"{service}/write", json={"lines": ["1", "2-3"]}, headers=JSON)
    assert [len(line.boxes) for line in WrittenLines.model_validate_json(lines.content).lines] == [1, 3]
    Sum.model_validate_json(httpx.post(f"{service}/arithmetic", json={"plus": [1]}).content)
    Sum.model_validate_json(httpx.post(f"{service}/arithmetic", json={"plus": [1], "model": "dense"}).content)
    inputs = [{"name": "seed", "shape": [1], "datatype": "INT64", "data": [7]}]
    answer = httpx.post(f"{service}/v2/models/kakite/infer", json={"inputs": inputs, "id": "1"})
    InferenceAnswer.model_validate(answer.json(), extra="forbid")


def test_bytes_of_the_default_are_had_by_whoever_knows_no_pictures(service: str) -> None:
    unknowing = {"accept": "application/octet-stream"}
    for path in (
        "/generate?seed=7",
        "/grid?seed=7&n=3",
        "/walk?from=1&to=2&frames=3&format=gif",
        "/plane?seeds=1,2,3&n=2",
        "/dataset?n=20",
    ):
        answer, usual = httpx.get(service + path, headers=unknowing), httpx.get(service + path)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.content == usual.content
        assert (answer.headers["etag"] == usual.headers["etag"]) == ("dataset" in path), path
    assert httpx.get(f"{service}/dataset?n=20", headers={"accept": "text/html"}).status_code == 406
    line = httpx.post(f"{service}/write", json={"lines": ["7"], "seed": 7}, headers=unknowing)
    assert zipfile.ZipFile(io.BytesIO(line.content)).namelist() == ["0.png", "labels.csv", "metadata.jsonl"]
