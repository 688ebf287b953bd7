"""Ask an advisory service whether any locked package has a known weakness.

    python tools/audit_dependencies.py requirements/runtime.txt requirements/dev.txt

One question for all packages, in the form of OSV (`POST /v1/querybatch`); `AUDIT_URL` names another service that speaks it, such as a
mirror inside a closed network, and `AUDIT_URL=` (empty) asks nobody. Names and versions are all that is sent. Exit 1 where a weakness is
known that `requirements/accepted-advisories.txt` does not list with a reason; where the service cannot be reached within three seconds,
a warning and exit 0: whoever builds without a network is not stopped, and is told.
"""

import http.client
import json
import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

SERVICE = "https://api.osv.dev"
ACCEPTED = Path(__file__).parents[1] / "requirements" / "accepted-advisories.txt"
_SECONDS = 3
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_ACCEPTED = re.compile(r"^([A-Z]+-[\w-]+)\s+#\s*\S", re.MULTILINE)


def locked(*files: Path) -> list[tuple[str, str]]:
    """Return name and version of every package in lock files, each once."""
    return sorted({pair for file in files for pair in _PINNED.findall(file.read_text(encoding="utf-8"))})


def accepted(file: Path) -> set[str]:
    """Return the advisories somebody looked at and accepted: an identifier and, behind a #, why. Without a reason it does not count."""
    return set(_ACCEPTED.findall(file.read_text(encoding="utf-8"))) if file.exists() else set()


def advisories(service: str, packages: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Return name, version and advisory of every known weakness; raise OSError or ValueError where the service does not answer."""
    queries = [{"package": {"ecosystem": "PyPI", "name": name}, "version": version} for name, version in packages]
    asked = Request(  # noqa: S310  whoever runs this names the service
        f"{service.rstrip('/')}/v1/querybatch", json.dumps({"queries": queries}).encode(), {"Content-Type": "application/json"}
    )
    with urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310
        results: list[dict[str, Any]] = json.loads(answer.read())["results"]
    pairs = zip(packages, results, strict=True)
    return [(name, version, found["id"]) for (name, version), result in pairs for found in result.get("vulns", ())]


def main() -> int:
    """Print what is known; return the exit code."""
    service = os.environ.get("AUDIT_URL", SERVICE)
    if not service:
        return 0
    packages = locked(*(Path(name) for name in sys.argv[1:]))
    try:
        found = advisories(service, packages)
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as error:
        sys.stderr.write(f"Dependencies were not audited: no advisory service answered ({type(error).__name__}).\n")
        return 0
    fine = accepted(ACCEPTED)
    weak = [one for one in found if one[2] not in fine]
    for name, version, advisory in weak:
        sys.stderr.write(f"{name} {version}: {advisory}\n")
    if weak:
        sys.stderr.write("Update them (`make lock`), or list the advisory with a reason in requirements/accepted-advisories.txt.\n")
    return 1 if weak else 0


if __name__ == "__main__":
    raise SystemExit(main())
