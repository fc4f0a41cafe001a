"""What is under deploy/: valid to Kubernetes, and true of a running sidecar."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from priorauth import Client
from priorauth.sidecar import IMAGE
from production import ACCESS, CALLER, CONFIG, KEYS, ROOT, Bundles, Production, eventually, signed

MANIFEST = ROOT / "deploy" / "kubernetes" / "sidecar.yaml"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"


def documents() -> dict[str, Any]:
    return {each["kind"]: each for each in yaml.safe_load_all(MANIFEST.read_text())}


@pytest.mark.parametrize("version", ["1.29", "1.37"])
@pytest.mark.parametrize("kind", ["ConfigMap", "Deployment", "NetworkPolicy"])
def test_the_manifest_is_valid(kind: str, version: str) -> None:
    kubernetes_validate.validate(documents()[kind], version, strict=True)


def test_what_is_not_valid_is_found() -> None:
    broken = documents()["Deployment"]
    broken["spec"]["template"]["spec"]["initContainers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.37", strict=True)


def test_the_manifest_has_the_one_configuration() -> None:
    assert documents()["ConfigMap"]["data"]["opa-config.yaml"] == CONFIG.read_text()


def test_the_container_can_do_nothing_but_answer() -> None:
    pod = documents()["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["automountServiceAccountToken"]
    (sidecar,) = pod["initContainers"]
    assert sidecar["image"] == IMAGE
    assert sidecar["restartPolicy"] == "Always"
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["opa"]
    values = {each["name"]: each.get("value") for each in sidecar["env"]}
    assert {name: values[name] for name in compose["environment"]} == compose["environment"]
    for container in (sidecar, *pod["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in sidecar["volumeMounts"]} == volumes


def test_the_sidecar_starts_as_the_manifest_says(tmp_path: Path) -> None:
    """Its own arguments, with the paths and ports of this machine."""
    (sidecar,) = documents()["Deployment"]["spec"]["template"]["spec"]["initContainers"]
    content = signed(tmp_path / "b.tar.gz", "r-1")
    access = tmp_path / "their-access.yaml"
    access.write_text(json.dumps(ACCESS))
    here = {
        "/priorauth/opa-config.yaml": str(CONFIG),
        "/priorauth/key/policy.pub": str(KEYS / "policy.pub"),
        "/priorauth/access/access.yaml": str(access),
        "--addr=127.0.0.1:8181": "",
        "--diagnostic-addr=0.0.0.0:8282": "--diagnostic-addr=127.0.0.1:0",
    }
    arguments = [replaced(each, here) for each in sidecar["args"]]
    with Bundles(content).serving() as url:
        production = Production(tmp_path, url)
        production.command = [
            *(production.command[0], *filter(None, arguments)),
            *("--set", f"persistence_directory={production.state}"),
        ]
        with production, Client(production.url, token=CALLER) as client:
            eventually(production.ready)
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert production.ask("GET", sidecar[probe]["httpGet"]["path"])[0] == 200
            assert client.decide({}).revision == "r-1"


def replaced(argument: str, by: dict[str, str]) -> str:
    for old, new in by.items():
        argument = argument.replace(old, new)
    return argument


def test_the_alerts_speak_of_metrics_that_there_are(tmp_path: Path) -> None:
    bundles = Bundles(signed(tmp_path / "b.tar.gz", "r-1"))
    with bundles.serving() as url, Production(tmp_path, url) as production:
        eventually(production.ready)
        production.decide({})
        production.ask("POST", "/v1/query")
        bundles.content = b"broken"
        eventually(lambda: "bundle_failed_load_counter" in production.metrics())
        before = failures(production.metrics())
        eventually(lambda: failures(production.metrics()) > before)
        metrics = production.metrics()
        assert production.ready(), "health shows nothing of it"
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            used = re.findall(r"\b([a-z]+(?:_[a-z]+)+)\s*[\[{/)]", rule["expr"])
            assert used, rule["expr"]
            for name in set(used) - {"histogram_quantile"}:
                assert re.search(rf"^{name}[{{ ]", metrics, re.MULTILINE), name
            for label, value in re.findall(r'(\w+)="([^"]+)"', rule["expr"]):
                assert f'{label}="{value}"' in metrics, (label, value)


def failures(metrics: str) -> float:
    counted = re.findall(r"^bundle_failed_load_counter\{.*\} (\S+)$", metrics, re.MULTILINE)
    return sum(map(float, counted))
