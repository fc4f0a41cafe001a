"""What is under deploy/: valid to Kubernetes, and true of a running sidecar."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

import bomb
import fhir_calls as calls
from priorauth import Client, opa
from priorauth.fhir import Rules, Service
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
    signed,
)
from servers import free_port, nginx, private_opa
from test_front import configured

NGINX = ROOT / "deploy" / "nginx.conf"
SOCKET = "/run/priorauth/opa.sock"
KUBERNETES = ROOT / "deploy" / "kubernetes"
MANIFESTS = {"claims": KUBERNETES / "sidecar.yaml", "fhir": KUBERNETES / "fhir.yaml"}
"""By the name of the application's container."""
COMPOSE_FHIR = ROOT / "deploy" / "docker-compose.fhir.yml"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"


def documents(application: str = "claims") -> dict[str, Any]:
    return {each["kind"]: each for each in yaml.safe_load_all(MANIFESTS[application].read_text())}


@pytest.mark.parametrize("version", ["1.29", "1.37"])
@pytest.mark.parametrize("application", MANIFESTS)
def test_the_manifest_is_valid(application: str, version: str) -> None:
    found = documents(application)
    assert {"Deployment", "NetworkPolicy"} <= set(found)
    for each in found.values():
        kubernetes_validate.validate(each, version, strict=True)


def test_what_is_not_valid_is_found() -> None:
    broken = documents()["Deployment"]
    broken["spec"]["template"]["spec"]["initContainers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.37", strict=True)


def pod(application: str = "claims") -> Any:
    return documents(application)["Deployment"]["spec"]["template"]["spec"]


def containers(application: str = "claims") -> dict[str, Any]:
    spec = pod(application)
    return {each["name"]: each for each in (*spec["initContainers"], *spec["containers"])}


@pytest.mark.parametrize("application", MANIFESTS)
def test_the_containers_can_do_nothing_but_answer(application: str) -> None:
    spec, found = pod(application), containers(application)
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not spec["automountServiceAccountToken"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("opa", "front"):
        assert found[name]["restartPolicy"] == "Always"
        assert compose[name]["image"].endswith(f":-{found[name]['image']}}}")
    assert found["opa"]["image"] == IMAGE
    values = {each["name"]: each.get("value") for each in found["opa"]["env"]}
    environment = compose["opa"]["environment"]
    assert {name: values[name] for name in environment} == environment
    for container in found.values():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
    volumes = {volume["name"] for volume in spec["volumes"]}
    mounted = {mount["name"] for container in found.values() for mount in container["volumeMounts"]}
    assert mounted == volumes


def test_the_sidecar_is_the_same_beside_every_application() -> None:
    def beside(application: str) -> Any:
        spec = pod(application)
        own = [each["name"] for each in spec["volumes"] if each["name"] != "plan"]
        volumes = [each for each in spec["volumes"] if each["name"] in own]
        return {**spec, "volumes": volumes, "containers": None}

    assert beside("fhir") == beside("claims")


@pytest.mark.parametrize("application", MANIFESTS)
def test_all_share_the_socket_and_nothing_else_leads_to_opa(application: str) -> None:
    found, policy = containers(application), documents(application)["NetworkPolicy"]["spec"]
    assert [each for each in found["opa"]["args"] if "addr" in each] == [f"--addr=unix://{SOCKET}"]
    assert "ports" not in found["opa"]
    for name, read_only in (("opa", None), ("front", True), (application, True)):
        (mount,) = [m for m in found[name]["volumeMounts"] if m["name"] == "socket"]
        assert mount["mountPath"] == str(Path(SOCKET).parent)
        assert mount.get("readOnly") is read_only
    assert f"server unix:{SOCKET};" in NGINX.read_text()
    settings = {each["name"]: each.get("value") for each in found[application]["env"]}
    (url,) = {
        *(value for name, value in settings.items() if name == "PRIORAUTH_URL"),
        *(each[6:] for each in found[application].get("args", ()) if each.startswith("--url=")),
    }
    with Client(url) as client:
        assert client.url == f"unix://{SOCKET}"
    admitted = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    assert admitted == {"http", "diagnostics"}
    assert found["front"]["ports"] == [{"name": "diagnostics", "containerPort": 8282}]
    assert "listen 8282;" in NGINX.read_text()


@pytest.mark.parametrize("application", MANIFESTS)
def test_what_the_manifest_mounts_is_made_by_the_commands_that_it_names(application: str) -> None:
    named = r"--from-(?:file|literal)=(\S+?)(?:=\S+)?(?=[\s\\])"
    made = set(re.findall(named, MANIFESTS[application].read_text()))
    keys = {Path(name).name for name in made}
    found = containers(application).values()
    mounts = [mount for each in found for mount in each["volumeMounts"]]
    used = {mount["subPath"] for mount in mounts if "subPath" in mount}
    for container in found:
        for each in container.get("env", ()):
            for source in each.get("valueFrom", {}).values():
                used.add(source["key"])
    assert used == keys
    own = {"bundles", "access.manifest", "access.yaml", "policy.pub", "token"}
    for name in made - own - {"members.json", "callers.json"}:
        assert (ROOT / name).is_file()


def test_who_calls_the_fhir_service() -> None:
    """The gateway; and for its metrics, which are at its one port, Prometheus."""
    found = documents("fhir")
    assert found["Service"]["spec"]["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert found["Service"]["spec"]["selector"] == labels
    callers = [
        each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in found["NetworkPolicy"]["spec"]["ingress"]
        for each in rule["from"]
        if {"port": "http"} in rule["ports"]
    ]
    assert callers == ["gateway", "monitoring"]


@contextlib.contextmanager
def fhir_service(arguments: list[str], sidecar: Path, **files: str) -> Iterator[str]:
    """The FHIR service by a manifest's arguments, with the paths of this machine: its URL."""
    port = free_port()
    here = {
        SOCKET: str(sidecar),
        "--port=8080": f"--port={port}",
        # Tests are reached by nobody else.
        "--host=0.0.0.0": "--host=127.0.0.1",
        **{f"/priorauth/{name}.json": path for name, path in files.items()},
    }
    command = [sys.executable, "-m", "priorauth", *(replaced(each, here) for each in arguments)]
    environment = {**os.environ, "PRIORAUTH_TOKEN": CALLER}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout
        assert process.stdout.readline().decode().strip() == f"http://127.0.0.1:{port}"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_the_fhir_service_runs_as_the_manifests_say(tmp_path: Path) -> None:
    """Its own arguments and probes, by a sidecar as in production, which wants a token."""
    members, callers, uds = (tmp_path / name for name in ("members", "callers", "opa.sock"))
    members.write_text(json.dumps(calls.MEMBERS))
    callers.write_text('{"url": "https://fhir.payer.example", "issuers": {}}')
    files = {"members": str(members), "callers": str(callers)}
    kubernetes = containers("fhir")["fhir"]
    (compose,) = (
        each
        for name, each in yaml.safe_load(COMPOSE_FHIR.read_text())["services"].items()
        if name == "fhir"
    )
    with Bundles(signed(tmp_path / "b.tar.gz", "r-1")).serving() as url:
        production = Production(tmp_path, url, uds=uds)
        with production, fhir_service(kubernetes["args"], uds, **files) as own:
            with contextlib.closing(calls.Called(own)) as called:

                def probed(name: str) -> int:
                    return called.get(kubernetes[name]["httpGet"]["path"])[0]

                eventually(lambda: probed("readinessProbe") == 200)
                assert probed("livenessProbe") == 200
                # Nobody is on file.
                assert called.signed(calls.hook())[0] == 401
            with (
                fhir_service(compose["command"], uds, **files) as own,
                contextlib.closing(calls.Called(own)) as called,
            ):
                status, answer = called.signed(calls.hook())
                assert (status, calls.asserted(answer)["covered"]) == (200, ["covered"])
                assert called.ask("GET", "/cds-services", Host="page.example")[0] == 421
                production.process.kill()
                production.process.wait()
                assert called.get(kubernetes["readinessProbe"]["httpGet"]["path"])[0] == 503
                assert called.get(kubernetes["livenessProbe"]["httpGet"]["path"])[0] == 200


def test_in_compose_the_fhir_service_alone_reaches_the_sidecar() -> None:
    services = yaml.safe_load(COMPOSE_FHIR.read_text())["services"]
    beside = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert set(services) == {"fhir", "front"}
    assert services["front"]["profiles"], "it would be started"
    fhir, opa = services["fhir"], beside["opa"]
    assert "socket:/run/priorauth:ro" in fhir["volumes"]
    for name in ("user", "read_only", "cap_drop", "security_opt", "restart", "logging"):
        assert fhir[name] == opa[name]
    assert "ports" not in opa
    assert all(port.startswith("127.0.0.1:") for port in fhir["ports"])


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


@pytest.mark.long
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
        with (
            calls.running(Service(Rules(production.url, token=CALLER))) as own,
            contextlib.closing(calls.Called(own)) as called,
        ):
            assert called.signed(calls.hook())[0] == 200
            metrics += called.get("/metrics")[1]
    metrics += "up{}"  # Prometheus's own
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            used = re.findall(r"\b([a-z]+(?:_[a-z]+)+|up)\s*[\[{/)]", rule["expr"])
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
