"""Write what the running program consists of as a CycloneDX 1.6 document: every package of a lock file, with its digests.

    python tools/sbom.py requirements/runtime.txt > daguanjia.cdx.json

Nothing but the standard library and the lock file is read, so the same lock file gives the same bytes anywhere. A package has one digest
for each of its files (one for each platform). Which package needs which is read from the remarks the resolver left.
"""

import json
import re
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

Json = dict[str, Any]
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\\n]+?))?\s*\\?$")
_DIGEST = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NEEDED_BY = re.compile(r"^\s+#\s+(?:via\s+)?([A-Za-z0-9._-]+)(?:\s+\(.*\))?$")


def packages(lock: str) -> list[Json]:
    """Return name, version, marker, digests and who needs it of each package in a lock file, in its order."""
    found: list[Json] = []
    for line in lock.splitlines():
        if pinned := _PINNED.match(line):
            found.append({**pinned.groupdict(), "digests": [], "needed_by": []})
        elif found and (digest := _DIGEST.search(line)):
            found[-1]["digests"].append(digest[1])
        elif found and (needed := _NEEDED_BY.match(line)) and needed[1] != "via":
            found[-1]["needed_by"].append(needed[1])
    return found


def _component(package: Json) -> Json:
    made: Json = {"type": "library", "bom-ref": _url(package), "name": package["name"], "version": package["version"]}
    made["hashes"] = [{"alg": "SHA-256", "content": digest} for digest in sorted(set(package["digests"]))]
    made["purl"] = _url(package)
    if package["marker"]:
        made["properties"] = [{"name": "daguanjia:marker", "value": package["marker"]}]
    return made


def _url(package: Json) -> str:
    return f"pkg:pypi/{package['name'].lower().replace('_', '-')}@{package['version']}"


def bill(lock: str, name: str, version: str) -> Json:
    """Return the document for a lock file of the application `name`."""
    listed = packages(lock)
    itself = f"{name}@{version}"
    refs = [itself, *map(_url, listed)]
    named = {name: [itself]}
    for package in listed:  # one package may be there in two versions, for different platforms
        named.setdefault(package["name"], []).append(_url(package))
    needs: dict[str, set[str]] = {ref: set() for ref in refs}
    for package in listed:
        for parent in (ref for needed in package["needed_by"] for ref in named[needed]):
            needs[parent].add(_url(package))
    application = {"type": "application", "bom-ref": itself, "name": name, "version": version}
    components = [_component(package) for package in listed]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, itself + lock)}",
        "version": 1,
        "metadata": {"component": application},
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in refs],
    }


def main() -> None:
    """Write the document for the lock file that is named."""
    lock = Path(sys.argv[1])
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    made = bill(lock.read_text(encoding="utf-8"), project["name"], project["version"])
    sys.stdout.write(json.dumps(made, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
