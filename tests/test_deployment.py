"""What is deployed: versions that agree, no more rights than are needed, limits, probes with the key."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import __version__
from app.probe import LIMIT_S
from app.settings import Settings, variables

ROOT = Path(__file__).parent.parent
OURS = {"kakite", "kakite-gpu", "kakite-train"}
SPARE_S = 5  # to end, beyond what requests in flight are given


def documents() -> Iterator[Any]:
    for file in (ROOT / "deploy").glob("k*/**/*.yaml"):
        yield from yaml.safe_load_all(file.read_text())


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


def pods() -> dict[str, Any]:
    """The specification of every pod, by kind; the overlays' are patches of these."""
    base = yaml.safe_load((ROOT / "deploy/kubernetes/base/deployment.yaml").read_text())
    kserve = yaml.safe_load((ROOT / "deploy/kserve/inferenceservice.yaml").read_text())
    return {"Deployment": base["spec"]["template"]["spec"], "InferenceService": kserve["spec"]["predictor"]}


def images() -> Iterator[str]:
    """Every name of an image in what is deployed, but a kustomization's and the names of the Dockerfile's own stages."""
    for service in compose()["services"].values():
        yield service["image"]
    for pod in pods().values():
        yield from (container["image"] for container in pod["containers"])
    stages = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    names = {name for _, name in stages}
    yield from (image for image, _ in stages if image not in names)


def test_every_image_has_a_version_and_ours_have_that_of_the_program() -> None:
    seen = list(images())
    assert {image.partition(":")[0].rpartition("/")[2] for image in seen} >= OURS | {"nginx", "python"}
    for image in seen:
        name, _, tag = image.rpartition("/")[2].partition(":")
        assert re.match(r"\d+\.\d+", tag), f"{image} names no minor version"
        if name in OURS:
            assert tag == __version__, image
    for document in documents():
        for image in document.get("images", []):
            assert image.get("newTag", __version__) == __version__
    for file in ("Dockerfile", "README.md"):
        for name, tag in re.findall(r"docker build -t ([a-z-]+)(\S*)", (ROOT / file).read_text()):
            assert tag == f":{__version__}", f"{file}: {name}{tag}"


@pytest.mark.parametrize("name", compose()["services"])
def test_compose_gives_every_service_no_rights_and_limits(name: str) -> None:
    service = compose()["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["read_only"]
    assert service["mem_limit"]
    assert 0 < service["pids_limit"] <= 1024
    assert all(":size=" in mount for mount in service["tmpfs"])
    assert not service.get("privileged")
    assert all(str(port).startswith("${LISTEN:-127.0.0.1}:") for port in service.get("ports", []))
    if "KAKITE_GRACE_S" in service.get("environment", {}):
        assert int(service["stop_grace_period"].removesuffix("s")) >= Settings().grace_s + SPARE_S


IN_THE_IMAGE = {"KAKITE_WEIGHTS", "KAKITE_DATA", "KAKITE_DEVICE"}  # the last goes with the service that is chosen


@pytest.mark.parametrize(
    "name", [name for name, service in compose()["services"].items() if service.get("build", {}).get("target") == "serve"]
)
def test_compose_passes_on_every_setting(name: str) -> None:
    assert set(compose()["services"][name]["environment"]) | IN_THE_IMAGE == set(variables())


def environments() -> Iterator[dict[str, str]]:
    """What is set for every container, patches of overlays included, as it is where nobody has set anything else."""
    for service in compose()["services"].values():
        given = {name: str(value or "") for name, value in service.get("environment", {}).items()}
        yield {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in given.items()}
    for document in documents():
        yield from (dict(pairs) for pairs in named_values(document))


def named_values(part: Any) -> Iterator[list[tuple[str, str]]]:
    if isinstance(part, dict) and isinstance(part.get("env"), list):
        yield [(one["name"], one["value"]) for one in part["env"]]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from named_values(inner)


def test_what_is_set_for_containers_is_a_setting_and_a_value_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    every = [{name: value for name, value in one.items() if name.startswith("KAKITE_")} for one in environments()]
    assert {"KAKITE_LOG", "KAKITE_DEVICE", "KAKITE_THREADS"} <= {name for one in every for name, value in one.items() if value}
    for environment in every:
        assert set(environment) <= set(variables())
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            Settings()


@pytest.mark.parametrize("kind", pods())
def test_pods_have_no_rights_and_limits(kind: str) -> None:
    pod = pods()[kind]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False, "a Service named kakite would set KAKITE_PORT"
    [container] = pod["containers"]
    security = pod.get("securityContext", {}) | container["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == security["runAsGroup"] == 10001
    assert "USER 10001:10001" in (ROOT / "Dockerfile").read_text()
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert set(container["resources"]["limits"]) >= {"cpu", "memory"}
    assert set(container["resources"]["requests"]) >= {"cpu", "memory"}
    environment = {one["name"]: one["value"] for one in container["env"]}
    assert set(environment) <= set(variables())
    pause_s = int(container["lifecycle"]["preStop"]["exec"]["command"][1]) if "lifecycle" in container else 0
    grace_s = int(environment.get("KAKITE_GRACE_S", Settings().grace_s))
    assert pod["terminationGracePeriodSeconds"] >= pause_s + grace_s + SPARE_S


@pytest.mark.parametrize("kind", pods())
def test_probes_have_the_services_key(kind: str) -> None:
    """Those by httpGet would be refused where KAKITE_API_KEYS_PROBES is set."""
    [container] = pods()[kind]["containers"]
    probes = {name: probe for name, probe in container.items() if name.endswith("Probe")}
    assert probes.keys() >= {"readinessProbe", "livenessProbe"}
    for probe in probes.values():
        assert probe["exec"]["command"][:3] == ["python", "-m", "app.probe"]
        assert probe["timeoutSeconds"] > LIMIT_S
    healthcheck = (ROOT / "Dockerfile").read_text().partition("HEALTHCHECK")[2]
    assert '"python", "-m", "app.probe"' in healthcheck
    timeout = re.search(r"--timeout=(\d+)s", healthcheck)
    assert timeout
    assert int(timeout[1]) > LIMIT_S


def test_network_policy_lets_requests_in_and_nothing_out() -> None:
    [policy] = [document for document in documents() if document["kind"] == "NetworkPolicy"]
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert policy["spec"]["egress"] == []
    assert [port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]] == ["http"]
    [deployment] = [one for one in documents() if one["kind"] == "Deployment" and "selector" in one["spec"]]
    assert policy["spec"]["podSelector"] == deployment["spec"]["selector"]
    resources = yaml.safe_load((ROOT / "deploy/kubernetes/base/kustomization.yaml").read_text())["resources"]
    assert {file.name for file in (ROOT / "deploy/kubernetes/base").glob("*.yaml")} == {*resources, "kustomization.yaml"}
