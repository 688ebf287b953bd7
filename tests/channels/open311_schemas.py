"""The JSON Schemas that answers must fit: built from the facts of the vectors, and the organisation's own files where a run names them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/open311.json").read_text(encoding="utf-8"))
FACTS = VECTORS["json_schema_facts"]
NAMES = ("request", "service", "service-definition")
_LONGEST = {"description": 4000}


def _type(name: str, fact: str) -> dict[str, Any]:
    kinds, _, more = fact.partition(" ")
    found: dict[str, Any] = {"type": kinds.split("/")}
    if more.startswith("enum "):
        found["enum"] = more.removeprefix("enum ").split(",")
    elif more.startswith("format "):
        found["format"] = more.removeprefix("format ")
    if name in _LONGEST:
        found["maxLength"] = _LONGEST[name]
    return found


def _built(name: str) -> dict[str, Any]:
    fact = FACTS[name]
    schema: dict[str, Any] = {
        "type": "object",
        "required": fact["required"],
        "properties": {field: _type(field, said) for field, said in fact["types"].items()},
    }
    if f"{name}.attributes[]" in FACTS:
        schema["properties"]["attributes"]["items"] = _built(f"{name}.attributes[]")
    return schema


def _schemas(name: str) -> Iterator[dict[str, Any]]:
    yield _built(name)
    originals = os.environ.get("DAGUANJIA_OPEN311_SCHEMAS")
    if originals:
        yield json.loads((Path(originals) / f"{name}.json").read_text(encoding="utf-8"))


def faults(name: str, value: Any) -> list[str]:
    """What is wrong with an answer: of a list, with each member."""
    found = []
    for schema in _schemas(name):
        validator = jsonschema_rs.validator_for(schema, validate_formats=True)
        for one in value if isinstance(value, list) else [value]:
            found += [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(one)]
    return found
