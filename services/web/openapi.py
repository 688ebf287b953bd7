"""What every operation's documentation has in common: its problems, and an example of every body."""

from typing import Any

from services.web.limits import kind_of

Json = dict[str, Any]

_PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457 problem. `code` is stable and meant for programs, `detail` says what to do.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "instance": {"type": "string", "description": "Names the request for whoever looks into the log."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body, or query/name, path/name, header/name."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_ANSWERS = {
    400: ("request.not_json", "The request cannot be read."),
    401: ("session.required", "Nobody is signed in, or the session is over."),
    403: ("permission.denied", "No post of this person allows it."),
    404: ("unit.unknown", "There is no such thing, or none this person may know of."),
    409: ("idempotency.in_progress", "The thing is not in a state in which this can be done."),
    408: ("request.too_slow", "The body did not come in time."),
    412: ("precondition.version", "Somebody changed the thing since it was read."),
    413: ("request.too_large", "The body is too large."),
    415: ("request.media_type", "The body is of a kind that is not taken."),
    422: ("request.invalid", "The content cannot be right; `errors` says where."),
    429: ("tracking.too_many", "Too many tries; wait as `Retry-After` says."),
    428: ("precondition.required", "A change needs If-Match."),
    503: ("database.away", "A part this needs is away; nothing was done."),
}
_MEDIA = "application/problem+json"
_TOO_MANY = "TooMany"


def complete(schema: Json) -> Json:
    """Return `schema` with the problems of every operation written down and the examples of models beside their bodies."""
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    components["Problem"] = _PROBLEM
    schema["components"].setdefault("responses", {})[_TOO_MANY] = _too_many()
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    for path, operations in schema.get("paths", {}).items():
        for method, operation in operations.items():
            _add_problems(operation)
            if kind_of(method.upper(), path) is not None:
                operation["responses"].setdefault("429", {"$ref": f"#/components/responses/{_TOO_MANY}"})
            _add_examples(operation, components)
    return schema


def _add_problems(operation: Json) -> None:
    responses = operation["responses"]
    for status in sorted(_statuses(operation)):
        code, description = _ANSWERS[status]
        responses[str(status)] = {**_answer(status, code, description), **_described(responses.get(str(status)))}
    responses.setdefault("default", _answer(500, "internal", "Anything else that went wrong."))


def _too_many() -> Json:
    answer = _answer(429, "request.too_many", "Too many requests of this caller; nothing was done.")
    return {**answer, "headers": {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}}


def _described(own: Json | None) -> Json:
    """Return what a route says of a problem itself, unless that is FastAPI's own validation error."""
    if own is None or "HTTPValidationError" in str(own):
        return {}
    return own if own.get("content") else {"description": own.get("description", "")}


def _statuses(operation: Json) -> set[int]:
    names = {(parameter["in"], parameter["name"].lower()) for parameter in operation.get("parameters", [])}
    found = {503}
    if names:
        found |= {400, 404, 422}  # codes of units and the like may name nothing wherever they stand
    if "requestBody" in operation:
        found |= {400, 404, 408, 409, 413, 415, 422}
    if operation.get("security"):
        found |= {401, 403}
    if ("header", "if-match") in names:
        found |= {412, 428}
    if ("header", "idempotency-key") in names:
        found.add(409)
    return found | {int(status) for status in operation["responses"] if status.isdigit() and int(status) in _ANSWERS}


def _answer(status: int, code: str, description: str) -> Json:
    example = {"type": f"urn:daguanjia:problem:{code}", "title": description, "status": status, "detail": description, "code": code}
    return {"description": description, "content": {_MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}}


def _add_examples(operation: Json, components: Json) -> None:
    bodies = [operation.get("requestBody", {}), *(a for status, a in operation["responses"].items() if status.startswith("2"))]
    for body in bodies:
        for media in body.get("content", {}).values():
            if "example" in media or "examples" in media:
                continue
            example = _example(media.get("schema", {}), components)
            if example is not None:
                media["example"] = example


_PLAIN = {"date-time": "2026-11-22T04:00:00Z", "date": "2026-11-22", "uuid": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10"}
"""Examples of what looks alike everywhere."""


def _example(schema: Json, components: Json) -> Any:
    """Return the example a model carries; for a list, a list of one; for a union, that of its first member."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "example" in schema:
        return schema["example"]
    if "$ref" in schema:
        return _example(components.get(schema["$ref"].rpartition("/")[2], {}), components)
    for members in ("oneOf", "anyOf", "allOf"):
        if schema.get(members):
            return _example(schema[members][0], components)
    if schema.get("type") == "array":
        inner = _example(schema.get("items", {}), components)
        return None if inner is None else [inner]
    return _object_example(schema, components)


def _object_example(schema: Json, components: Json) -> Any:
    """Put an object together from the examples of its members; None where a needed one has none."""
    if schema.get("type") != "object" or not schema.get("properties"):
        return None
    made: Json = {}
    for name, member in schema["properties"].items():
        value = _example(member, components)
        if value is None and not member.get("examples"):  # an example that is null is one
            if "default" in member:
                value = member["default"]
            elif member.get("format") in _PLAIN:
                value = _PLAIN[member["format"]]
            elif name in schema.get("required", ()):
                return None
        made[name] = value
    return made
