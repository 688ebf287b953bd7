"""The fields people write into, found in the documents of both doors, so that a new one is planted without anybody naming it."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.hostile.operations import Operation

Place = tuple[Any, ...]
_DEEPEST = 7
_SHAPED = frozenset({"uuid", "date", "date-time", "time", "uri", "binary"})


@dataclass(frozen=True)
class Written:
    """A place of a body that takes a text of any words, or one of a form that a number could fit into."""

    place: Place
    longest: int | None
    pattern: str | None

    @property
    def free(self) -> bool:
        """Whether any words fit."""
        return self.pattern is None

    def takes(self, text: str) -> bool:
        """Whether the document lets `text` stand here."""
        return (self.longest is None or len(text) <= self.longest) and (self.pattern is None or bool(re.search(self.pattern, text)))

    def __str__(self) -> str:
        return "/".join(str(step) for step in self.place)


def bodies(operation: Operation) -> Iterator[tuple[Any, Any, list[Written]]]:
    """Yield an example of each kind of body an operation takes, what of it is required, and the places that people write into."""
    media = operation.document["requestBody"]["content"]["application/json"]
    found = list(_forms(media["schema"], operation.components))
    examples = operation.bodies()
    assert len(found) == len(examples) or not found, operation
    for nth, example in enumerate(examples):
        schema = found[nth] if found else media["schema"]
        places = {str(one): one for one in _written(schema, operation.components, example, ())}
        yield example, {name: value for name, value in example.items() if name in schema.get("required", ())}, list(places.values())


def with_text(example: Any, place: Place, text: str) -> Any:
    """Return `example` with `text` at a place; what is missing on the way there is made."""
    if not place:
        return text
    step, inner = place[0], copy.deepcopy(example)
    if isinstance(step, int):
        items = inner if isinstance(inner, list) else []
        kept = items[step] if step < len(items) else None
        return [*items[:step], with_text(kept, place[1:], text), *items[step + 1 :]]
    members = inner if isinstance(inner, dict) else {}
    return {**members, step: with_text(members.get(step), place[1:], text)}


def _forms(schema: Any, components: dict[str, Any]) -> Iterator[Any]:
    """Yield the kinds of a body in the order of `Operation.bodies`."""
    if "$ref" in schema:
        yield from _forms(components[schema["$ref"].rpartition("/")[2]], components)
    elif schema.get("examples"):
        yield schema
    else:
        for member in schema.get("oneOf", schema.get("anyOf", ())):
            yield from _forms(member, components)


def _written(schema: Any, components: dict[str, Any], example: Any, here: Place) -> Iterator[Written]:
    """Yield the places below `here` that take texts; an open object is written into under a name of its example, or under `words`."""
    if len(here) > _DEEPEST:
        return
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    for member in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _written(member, components, example, here)
    kind = schema.get("type")
    if kind == "string" and not {"enum", "const"} & set(schema) and schema.get("format") not in _SHAPED:
        yield Written(here, schema.get("maxLength"), schema.get("pattern"))
    if kind == "array":
        inner = example[0] if isinstance(example, list) and example else None
        yield from _written(schema.get("items", {}), components, inner, (*here, 0))
    if kind == "object":
        for name, member in schema.get("properties", {}).items():
            yield from _written(member, components, example.get(name) if isinstance(example, dict) else None, (*here, name))
        more = schema.get("additionalProperties", not schema.get("properties"))
        if more is not False:
            name = next(iter(example), "words") if isinstance(example, dict) and not schema.get("properties") else "words"
            yield from _written(more if isinstance(more, dict) and more else {"type": "string"}, components, None, (*here, name))
