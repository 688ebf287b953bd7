"""What we build on is listed, with digests, and asked about."""

import json
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.architecture.printing import ROOT
from tools import audit_dependencies
from tools.sbom import bill, packages

LOCK = ROOT / "requirements/runtime.txt"
UNIQUE = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_the_bill_lists_every_locked_package_with_its_digests_and_what_needs_it():
    text = LOCK.read_text(encoding="utf-8")
    made = bill(text, "daguanjia", "1")
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    assert UNIQUE.fullmatch(made["serialNumber"])
    assert made["metadata"]["component"]["type"] == "application"
    assert len(made["components"]) == len(re.findall(r"^[^\s#]+==", text, re.MULTILINE)) > 30
    for one in made["components"]:
        assert {"type", "name", "version", "bom-ref", "purl", "hashes"} <= set(one)
        assert one["hashes"]
        assert all(found["alg"] == "SHA-256" and re.fullmatch("[0-9a-f]{64}", found["content"]) for found in one["hashes"])
    assert sum(len(one["hashes"]) for one in made["components"]) == len(set(re.findall("sha256:([0-9a-f]{64})", text)))
    refs = [made["metadata"]["component"]["bom-ref"], *(one["bom-ref"] for one in made["components"])]
    assert len(set(refs)) == len(refs)
    assert [one["ref"] for one in made["dependencies"]] == refs
    assert {needed for one in made["dependencies"] for needed in one["dependsOn"]} == set(refs[1:])  # nothing is there that nothing needs
    starlette = next(one for one in made["components"] if one["name"] == "starlette")
    assert any(starlette["bom-ref"] in one["dependsOn"] for one in made["dependencies"] if one["ref"].startswith("pkg:pypi/fastapi@"))


def test_the_bill_is_the_same_bytes_each_time_and_names_no_host():
    made = [
        subprocess.run([sys.executable, "tools/sbom.py", str(LOCK)], cwd=ROOT, capture_output=True, check=True).stdout for _ in range(2)
    ]
    assert made[0] == made[1]
    assert b"://" not in made[0]
    assert json.loads(made[0])["metadata"]["component"]["name"] == "daguanjia"


def test_a_marker_of_a_package_is_kept():
    locked = "\n".join(
        [
            "a==1 ; python_version < '3.12' \\",
            f"    --hash=sha256:{'0' * 64}",
            "    # via",
            "    #   b",
            "b==2 \\",
            f"    --hash=sha256:{'1' * 64}",
            "    # via x (pyproject.toml)",
        ]
    )
    first, second = packages(locked)
    assert (first["marker"], first["needed_by"], second["marker"], second["needed_by"]) == ("python_version < '3.12'", ["b"], None, ["x"])


@contextmanager
def service(weak: dict[str, list[str]], status: int = 200):
    """Play an advisory service that knows `weak` packages."""
    asked: list[dict] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            asked.extend(queries)
            results = [{"vulns": [{"id": one} for one in weak[name]]} if (name := q["package"]["name"]) in weak else {} for q in queries]
            body = json.dumps({"results": results}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def audit(monkeypatch, tmp_path):
    """Run the audit against a service, with advisories somebody accepted."""

    def run(url: str, accepted: str = "") -> int:
        file = tmp_path / "accepted.txt"
        file.write_text(accepted, encoding="utf-8")
        monkeypatch.setattr(audit_dependencies, "ACCEPTED", file)
        monkeypatch.setenv("AUDIT_URL", url)
        monkeypatch.setattr(sys, "argv", ["audit", str(LOCK)])
        return audit_dependencies.main()

    return run


def test_a_known_weakness_stops_the_check_unless_somebody_said_why_it_does_not_matter(audit, capsys):
    with service({"starlette": ["GHSA-aaaa-bbbb-cccc", "CVE-2026-1"]}) as (url, asked):
        assert audit(url) == 1
        told = capsys.readouterr().err
        assert re.search(r"^starlette \S+: GHSA-aaaa-bbbb-cccc$", told, re.MULTILINE)
        assert {one["package"]["name"] for one in asked} == {package["name"] for package in packages(LOCK.read_text(encoding="utf-8"))}
        assert all(one["version"] for one in asked)
        assert audit(url, "GHSA-aaaa-bbbb-cccc  # we never call it\nCVE-2026-1\n") == 1  # no reason, no exception
        assert audit(url, "GHSA-aaaa-bbbb-cccc  # we never call it\nCVE-2026-1 # Windows only\n") == 0
    with service({}) as (url, _):
        assert audit(url) == 0


def test_a_service_that_cannot_be_asked_is_a_warning(audit, capsys):
    assert audit("http://127.0.0.1:1") == 0
    assert "not audited" in capsys.readouterr().err
    with service({}, status=503) as (url, _):
        assert audit(url) == 0
    assert "not audited" in capsys.readouterr().err
    assert audit("") == 0
    assert capsys.readouterr().err == ""


def test_no_image_holds_a_secret_and_everything_installed_has_a_digest():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes" in dockerfile
    assert not re.search(r"^(ENV|ARG)\s+\w*(SECRET|PASSWORD|TOKEN|KEY)\w*", dockerfile, re.MULTILINE)
    copied = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert copied[0] == "*"  # nothing but what is named
    assert not [line for line in copied if line.startswith(("!.env", "!deploy/secrets", "!.local", "!**"))]
    for name in ("runtime", "dev", "image"):
        text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        assert all(package["digests"] for package in packages(text)), name
