"""What both OpenAPI documents promise holds for requests that fit them and for requests that do not (schemathesis)."""

import copy
import itertools
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import settings as examples
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.organization.models import ROLES
from services.platform.settings import settings
from tests.hostile.open_channels import WECHAT_TOKEN
from tests.hostile.running import Doors, apps, open_doors

PEOPLE = (*ROLES, None)
"""Somebody of each role, and nobody at all, in turn. Every role at every route: test_permissions.py, and `make malformed`."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")  # tus calls bytes so
LONGEST = 60_000
_CONFIG = {"generation": {"max-examples": 6, "deterministic": True}}


def _schema(door: str) -> Any:
    """The document of a door without its catch-alls: every status that comes must be one that is named."""
    document = copy.deepcopy(apps()[door].openapi())
    for operations in document["paths"].values():
        for operation in operations.values():
            del operation["responses"]["default"]
    return schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(_CONFIG))


INTAKE = _schema("intake")
REPORTING = _schema("reporting")
few = examples(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=6,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_turn = itertools.count()


@pytest.fixture(scope="module")
def doors(servers, county_template, tmp_path_factory):
    """Both doors over one county for the whole module, with WeChat's channel open."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DAGUANJIA_WECHAT_TOKEN", WECHAT_TOKEN)
        environment.setenv("DAGUANJIA_HOME", str(tmp_path_factory.mktemp("home")))
        settings.cache_clear()
        with open_doors(servers, county_template) as opened:
            yield opened
    settings.cache_clear()


@INTAKE.parametrize()
@few
def test_the_intake_door_keeps_what_its_document_promises(case, doors):
    _holds(doors, "intake", case)


@REPORTING.parametrize()
@few
def test_the_reporting_door_keeps_what_its_document_promises(case, doors):
    _holds(doors, "reporting", case)


def _holds(doors: Doors, door: str, case: schemathesis.Case) -> None:
    turn = next(_turn)
    if turn % 2 and "number" in case.path_parameters:
        case.path_parameters["number"] = doors.ticket  # else hardly any request would get as far as a ticket
    role = PEOPLE[turn % len(PEOPLE)]
    who = doors.headers[doors.logins[role]] if role else {}
    prepared = requests.Request(**_request(case)).prepare()
    headers = httpx.Headers([(name.encode(), _bytes(value)) for name, value in prepared.headers.items() if name.lower() != "authorization"])
    headers.update(who)
    if len(prepared.url) > LONGEST:
        return  # httpx itself sends no such address
    answer = doors.send(door, prepared.method, prepared.url, content=prepared.body, headers=headers)
    if role and answer.status_code == 401:
        doors.renew(doors.logins[role])  # they signed out; whoever asks next is to be let in
    case.validate_response(answer, checks=CHECKS)


def _request(case: schemathesis.Case) -> dict[str, Any]:
    given = case.as_transport_kwargs(base_url="http://door")
    return {name: value for name, value in given.items() if name in requests.Request().__dict__ and name != "hooks"}


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1", "replace")
