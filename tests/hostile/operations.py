"""Every operation of both doors, found by asking the doors themselves, so that a new one is attacked without anybody thinking of it."""

import copy
import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi.routing import APIRoute

from services.platform.ids import new_id
from tests.county import STAFFED_GRID
from tests.hostile.running import apps

T = TypeVar("T")

JSON = "application/json"
_SEGMENT = re.compile(r"\{(\w+)(?::\w+)?\}")
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_ORDER = {"GET": 0, "HEAD": 0, "OPTIONS": 0, "PUT": 1, "PATCH": 1, "POST": 2, "DELETE": 3}
_PERSON_OF_PATH = (
    ("/v1/field-reports", "grid"),
    ("/v1/hotline", "hotline"),
    ("/v1/petitions", "hotline"),
    ("/v1/attachments", "grid"),
    ("/v1/sessions/current", "yangming"),
    ("/v1/sessions/{session_id}", "shuikou"),
    ("/v1/sessions", "water"),
    ("/v1/me/password", "shuikou"),
    ("/v1/me/second-factor", "shuikou"),
    ("/v1/me/shift", "grid"),
    ("/v1/saved-reports/{saved_id}", "pengzhai"),
    ("/v1/reveals", "discipline"),
    ("/v1/bulletins/{bulletin_id}/words", "analyst"),
    ("/v1/assessments/{run_id}/sheets/{sheet_id}/appeals", "grid"),
)
_ADMINISTERED = (
    "/v1/units",
    "/v1/members",
    "/v1/accounts",
    "/v1/categories",
    "/v1/connections",
    "/v1/api-keys",
    "/v1/webhook-subscriptions",
    "/v1/platforms",
    "/v1/policies",
    "/v1/notices",
)


@dataclass(frozen=True)
class Operation:
    """One method at one address of one door, with what its documentation says of it."""

    door: str
    method: str
    path: str
    document: dict[str, Any] = field(hash=False, compare=False)
    components: dict[str, Any] = field(hash=False, compare=False, repr=False)
    unwritten: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def person(self) -> str:
        """Login of somebody who may do this."""
        for prefix, login in _PERSON_OF_PATH:
            if self.path.startswith(prefix):
                return login
        return "admin" if self.path.startswith(_ADMINISTERED) else "county"

    @property
    def ends_itself(self) -> bool:
        """Whether it signs out whoever asks: then it answers once."""
        return self.path in ("/v1/sessions", "/v1/sessions/current")

    @property
    def takes_json(self) -> bool:
        """Whether it reads a JSON body."""
        return JSON in self.document.get("requestBody", {}).get("content", {})

    @property
    def is_callback(self) -> bool:
        """Whether it is WeChat's, WeCom's or Open311's: they keep their own shapes."""
        return self.path.startswith(("/v1/wechat", "/v1/wecom", "/open311"))

    @property
    def takes_anything(self) -> bool:
        """Whether it keeps and answers whatever a system says that has shown its key."""
        return (self.method, self.path) == ("POST", "/v1/platforms/{connection}/orders") or self.path.startswith("/v1/hotline/calls/{conn")

    def parameters(self, place: str) -> list[str]:
        """Names of its parameters in ``path``, ``query`` or ``header``; of what is not documented, as its route reads them."""
        if not self.document:
            return [name for where, name in self.unwritten if where == place]
        return [found["name"] for found in self.document.get("parameters", ()) if found["in"] == place]

    def forms(self) -> list[str]:
        """What its `format` may be."""
        named = [one["schema"] for one in self.document.get("parameters", ()) if (one["in"], one["name"]) == ("query", "format")]
        return [form for schema in named for one in (schema, *schema.get("anyOf", ())) for form in one.get("enum", ())]

    def address(self, known: dict[str, str], **changed: str) -> str:
        """Its address with `known` things in it; `changed` segments are percent-encoded here."""
        return _SEGMENT.sub(lambda found: self._segment(found[1], known, changed), self.path)

    def keys(self, name: str) -> tuple[str, str]:
        """By what a segment of its address is known: of its room, or everywhere."""
        parts = self.path.split("/")
        return f"{parts[2 if parts[1].startswith('v') else 1]}.{name}", name

    def _segment(self, name: str, known: dict[str, str], changed: dict[str, str]) -> str:
        if name in changed:
            return quote(changed[name], safe="")
        of_room, everywhere = self.keys(name)
        return quote(known.get(of_room, known.get(everywhere, "x")), safe="")

    def bodies(self) -> list[Any]:
        """An example of every kind of JSON body it takes; all kinds of a union."""
        media = self.document["requestBody"]["content"][JSON]
        found = copy.deepcopy(list(self._examples(media["schema"])) or [media["example"]])
        for example in found:
            if isinstance(example.get("place"), dict):
                example["place"]["unit_code"] = STAFFED_GRID  # where whoever reports from the field works
        return found

    def _examples(self, schema: dict[str, Any]) -> Iterator[Any]:
        if "$ref" in schema:
            yield from self._examples(self.components[schema["$ref"].rpartition("/")[2]])
        elif schema.get("examples"):
            yield schema["examples"][0]
        else:
            for member in schema.get("oneOf", schema.get("anyOf", ())):
                yield from self._examples(member)


def operations() -> list[Operation]:
    """Every documented or hidden operation of both doors, except the documents themselves."""
    found = []
    for door, app in apps().items():
        document = app.openapi()
        components = document["components"]["schemas"]
        for route in app.router.routes:
            if isinstance(route, APIRoute):  # test_reach.py: there is no other kind
                documented = document["paths"].get(route.path, {})
                found += [
                    Operation(door, method, route.path, documented.get(method.lower(), {}), components, _read_by(route))
                    for method in sorted(route.methods)
                ]
    return found


def _read_by(route: APIRoute) -> tuple[tuple[str, str], ...]:
    """Return the parameters a route reads: where each lies, and its name."""
    found, ahead = [], [route.dependant]
    while ahead:
        one = ahead.pop()
        ahead += one.dependencies
        for place, fields in (("path", one.path_params), ("query", one.query_params), ("header", one.header_params)):
            found += [(place, read.alias) for read in fields]
    return tuple(dict.fromkeys(found))


def turn(operation: Operation) -> tuple[int, int]:
    """The order in which all can be tried: reading before changing before taking away, and what hangs on something before that."""
    ends = operation.path.endswith("/withdrawal")
    return _ORDER["DELETE" if ends else operation.method], -len(operation.path)


_ASSISTANCE = ("item_id", "step_id", "mediation_id", "session_id", "ending_id", "follow_up_id", "deliberation_id", "meeting_id")


_HANDBOOK = ("opinion_id", "wording_id", "code_id", "confirmation_id", "outcome_id")


def fresh(example: dict[str, Any]) -> dict[str, Any]:
    """`example` as a request that was never sent before."""
    ids = (*_ASSISTANCE, *_HANDBOOK, "call_id", "filing_id", "report_id", "activity_id", "declared_id")
    inner = {name: fresh(value) for name, value in example.items() if name == "activity"}
    return {**example, **{name: str(new_id()) for name in ids if example.get(name)}, **inner}


def json_of(value: Any) -> bytes:
    """`value` as a JSON body."""
    return json.dumps(value, ensure_ascii=False).encode()


def some(things: Iterable[T], most: int, *why: object) -> list[T]:
    """Return at most `most` of `things`, by chance, the same each time for the same `why`: each operation is hit by every class of
    ammunition, each kind of ammunition hits a good number of operations."""
    found = list(things)
    return found if len(found) <= most else random.Random(" ".join(map(str, why))).sample(found, most)
