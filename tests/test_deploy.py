"""What is under deploy/: valid to Kubernetes, and true of a running sidecar."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

import bomb
from priorauth import Client, opa
from priorauth.sidecar import IMAGE
from production import (
    CALLER,
    CONFIG,
    KEYS,
    OPERATOR,
    ROOT,
    Bundles,
    Production,
    eventually,
    free_port,
    signed,
)
from servers import nginx, private_opa
from test_front import configured

NGINX = ROOT / "deploy" / "nginx.conf"
SOCKET = "/run/priorauth/opa.sock"
MANIFEST = ROOT / "deploy" / "kubernetes" / "sidecar.yaml"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"


def documents() -> dict[str, Any]:
    return {each["kind"]: each for each in yaml.safe_load_all(MANIFEST.read_text())}


@pytest.mark.parametrize("version", ["1.29", "1.37"])
@pytest.mark.parametrize("kind", ["Deployment", "NetworkPolicy"])
def test_the_manifest_is_valid(kind: str, version: str) -> None:
    kubernetes_validate.validate(documents()[kind], version, strict=True)


def test_what_is_not_valid_is_found() -> None:
    broken = documents()["Deployment"]
    broken["spec"]["template"]["spec"]["initContainers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.37", strict=True)


def pod() -> Any:
    return documents()["Deployment"]["spec"]["template"]["spec"]


def containers() -> dict[str, Any]:
    return {each["name"]: each for each in (*pod()["initContainers"], *pod()["containers"])}


def test_the_containers_can_do_nothing_but_answer() -> None:
    assert pod()["securityContext"]["runAsNonRoot"]
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod()["automountServiceAccountToken"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("opa", "front"):
        assert containers()[name]["restartPolicy"] == "Always"
        assert compose[name]["image"].endswith(f":-{containers()[name]['image']}}}")
    assert containers()["opa"]["image"] == IMAGE
    values = {each["name"]: each.get("value") for each in containers()["opa"]["env"]}
    environment = compose["opa"]["environment"]
    assert {name: values[name] for name in environment} == environment
    for container in containers().values():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
    volumes = {volume["name"] for volume in pod()["volumes"]}
    mounted = {
        mount["name"] for container in containers().values() for mount in container["volumeMounts"]
    }
    assert mounted == volumes


def test_all_share_the_socket_and_nothing_else_leads_to_opa() -> None:
    opa, policy = containers()["opa"], documents()["NetworkPolicy"]["spec"]
    assert [each for each in opa["args"] if "addr" in each] == [f"--addr=unix://{SOCKET}"]
    assert "ports" not in opa
    for name, read_only in (("opa", None), ("front", True), ("claims", True)):
        (mount,) = [m for m in containers()[name]["volumeMounts"] if m["name"] == "socket"]
        assert mount["mountPath"] == str(Path(SOCKET).parent)
        assert mount.get("readOnly") is read_only
    assert f"server unix:{SOCKET};" in NGINX.read_text()
    settings = {each["name"]: each.get("value") for each in containers()["claims"]["env"]}
    with Client(settings["PRIORAUTH_URL"]) as client:
        assert client.url == f"unix://{SOCKET}"
    admitted = [port["port"] for rule in policy["ingress"] for port in rule["ports"]]
    assert admitted == ["http", "diagnostics"]
    assert containers()["front"]["ports"] == [{"name": "diagnostics", "containerPort": 8282}]
    assert "listen 8282;" in NGINX.read_text()


def test_what_the_manifest_mounts_is_made_by_the_commands_that_it_names() -> None:
    named = r"--from-(?:file|literal)=(\S+?)(?:=\S+)?(?=[\s\\])"
    made = set(re.findall(named, MANIFEST.read_text()))
    keys = {Path(name).name for name in made}
    mounts = [mount for each in containers().values() for mount in each["volumeMounts"]]
    used = {mount["subPath"] for mount in mounts if "subPath" in mount}
    for container in containers().values():
        for each in container.get("env", ()):
            for source in each.get("valueFrom", {}).values():
                used.add(source["key"])
    assert used == keys
    for name in made - {"bundles", "access.manifest", "access.yaml", "policy.pub", "token"}:
        assert (ROOT / name).is_file()


def test_the_sidecar_runs_as_the_manifest_says(tmp_path: Path) -> None:
    """Its own arguments, probes and front, with the paths and ports of this machine."""
    sidecar = containers()["opa"]
    content = signed(tmp_path / "b.tar.gz", "r-1")
    uds, own = tmp_path / "opa.sock", tmp_path / "nginx"
    own.mkdir()
    here = {
        "/priorauth/opa-config.yaml": str(CONFIG),
        "/priorauth/policy.pub": str(KEYS / "policy.pub"),
        "/priorauth/access": str(tmp_path / "access"),
        f"--addr=unix://{SOCKET}": "",
        "%2Frun%2Fpriorauth%2Fopa.sock": quote(str(uds), safe=""),
    }
    arguments = [replaced(each, here) for each in sidecar["args"]]
    ports = free_port(), free_port()
    with Bundles(content).serving() as url:
        production = Production(tmp_path, url, uds=uds)
        production.command = [
            *(production.command[0], *filter(None, arguments)),
            *("--set", f"persistence_directory={production.state}"),
        ]
        with (
            production,
            nginx(configured(own, uds, ports), own),
            Client(uds=uds, token=CALLER) as client,
        ):

            def probed(name: str) -> int:
                program, *rest = sidecar[name]["exec"]["command"]
                assert program == "/opa"
                words = [replaced(each, here) for each in rest]
                return subprocess.run([opa.ensure(), *words], check=False).returncode

            eventually(lambda: probed("startupProbe") == 0)
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert probed(probe) == 0
            assert client.decide({}).revision == "r-1"
            bomb.bounded(production.process.pid)
            assert bomb.ports(production.process.pid) == set()
            for port in ports:
                thrown = bomb.thrown(bomb.to(f"http://127.0.0.1:{port}"))
                assert set(thrown.values()) <= {404, 415}
            assert client.decide({}).revision == "r-1"
            assert production.process.poll() is None
            production.process.kill()
            production.process.wait()
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert probed(probe) != 0


def test_a_bundle_of_a_thousand_guidelines_is_not_too_large(tmp_path: Path) -> None:
    policy = tmp_path / "large"
    for name in ("policy", "rego"):
        shutil.copytree(ROOT / name, policy / name)
    plan = policy / "policy" / "plan" / "data.yaml"
    # As much as their data.
    plan.write_text(f"{plan.read_text()}more: {'x' * 12_000_000}\n")
    bundles = Bundles(signed(tmp_path / "b.tar.gz", "large", policy=policy))
    with bundles.serving() as url, Production(tmp_path, url) as production:
        eventually(production.ready, within=60)


def test_probes_find_a_policy_that_is_unsound(tmp_path: Path) -> None:
    uds = tmp_path / "opa.sock"
    for name in ("policy", "rego"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "policy" / "plan" / "data.yaml").write_text("clinician_review: {}\n")
    with private_opa(tmp_path / "policy", tmp_path / "rego", "--addr", f"unix://{uds}"):
        sidecar = containers()["opa"]
        for name, fit in (("readinessProbe", False), ("livenessProbe", True)):
            _, *words = sidecar[name]["exec"]["command"]
            asked = words[-1].replace("%2Frun%2Fpriorauth%2Fopa.sock", quote(str(uds), safe=""))
            done = subprocess.run([opa.ensure(), *words[:-1], asked], check=False)
            assert (done.returncode == 0) is fit


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


def count(metrics: str, handler: str, code: int) -> float:
    name = "http_request_duration_seconds_count"
    labels = rf'code="{code}",handler="{handler}",method="[a-z]+"'
    return sum(float(n) for n in re.findall(rf"^{name}\{{{labels}\}} (\S+)$", metrics, re.M))


def test_a_number_that_opa_cannot_hold_is_not_taken_for_a_missing_policy(tmp_path: Path) -> None:
    """What `PriorauthNoPolicy` goes by: without a policy no probe is answered with 200."""
    bundles = Bundles(None)
    with bundles.serving() as url, Production(tmp_path, url) as production:
        eventually(lambda: len(bundles.asked) >= 2)
        for _ in range(3):
            assert production.ask("GET", "/health/ready")[0] == 500
        bundles.content = signed(tmp_path / "b.tar.gz", "r-1")
        eventually(lambda: production.ask("GET", "/metrics", token=OPERATOR)[0] == 200)
        before = production.metrics()
        assert count(before, "authz", 500) >= 3
        assert count(before, "health", 200) == 0
        body = b'{"input": {"x": 1e1000000}}'
        assert production.ask("POST", "/v1/data/priorauth/decision", body, token=CALLER)[0] == 500
        assert production.ready()
        after = production.metrics()
        assert count(after, "authz", 500) == count(before, "authz", 500) + 1
        assert count(after, "health", 200) == 1


def failures(metrics: str) -> float:
    counted = re.findall(r"^bundle_failed_load_counter\{.*\} (\S+)$", metrics, re.MULTILINE)
    return sum(map(float, counted))
