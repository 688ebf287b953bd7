"""Every route of both doors and what it asks for: an action of the permission table, or a reason why not.

A new route without either fails here; so does one that answers 403 to a role the table allows, or anything else to one it does not.
"""

from typing import Any

import pytest
from fastapi.routing import APIRoute
from httpx import ASGITransport, AsyncClient

from services.identity.permissions import PERMISSIONS
from services.organization.models import ROLES
from services.platform.database import INTAKE, REPORTING
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.web.api_keys import OPEN_TO_KEYS, action_of
from services.web.signed_in import present, signed_in
from tests import county as heping
from tests.county import STAFFED_GRID, Person, sign_in
from tests.hostile.running import apps
from tests.identity.lending import Lending

EVERYBODY_MAY_KNOW = frozenset({
    "GET /v1/categories", "GET /v1/categories/{code}", "GET /v1/units/{code}/responsible", "GET /v1/draws", "GET /v1/draws/{draw_id}",
    "GET /v1/draws/{draw_id}/candidates", "GET /open311/v2/discovery.{fmt}", "GET /open311/discovery.{fmt}",
    "GET /open311/v2/services.{fmt}", "GET /open311/v2/services/{code}.{fmt}", "GET /open311/v2/requests.{fmt}",
    "GET /open311/v2/requests/{service_request_id}.{fmt}", "GET /v1/notice/periods", "GET /v1/notice/results", "GET /v1/notice/places",
    "GET /v1/notice/places/{code}", "GET /v1/notice/deliberations", "GET /v1/notice/matters", "GET /notice",
    "GET /notice/matters", "GET /notice/directory", "GET /notice/directory/{code}",
    "GET /anchors",
    "GET /anchors/consistency", "GET /anchors/{day}", "GET /bulletins", "GET /bulletins/{number}",
})  # fmt: skip
OPEN: dict[str, frozenset[str]] = {
    "published, for everybody": EVERYBODY_MAY_KNOW,
    "says nothing of anybody: whether a door works, files of pages, what an upload can be": frozenset({
        "GET /healthz", "GET /readyz", "GET /metrics", "GET /dashboard", "GET /pages/{path:path}", "OPTIONS /v1/uploads",
        "OPTIONS /v1/uploads/{upload_id}", "GET /v1/single-sign-on",
    }),
    "signs somebody in: a password, a refresh token, or a provider's word is the proof": frozenset({
        "POST /v1/sessions", "POST /v1/sessions/refresh", "POST /v1/single-sign-on", "POST /v1/single-sign-on/sessions",
        "POST /v1/single-sign-on/second-factor",
    }),
    "a complainant's tracking code is the proof": frozenset({
        "GET /v1/complaints/{number}", "POST /v1/complaints/{number}/progress", "GET /v1/complaints/{number}/proof",
        "POST /v1/complaints/{number}/confirmations", "POST /v1/complaints/{number}/appeals", "POST /v1/complaints/{number}/objections",
        "GET /v1/complaints/{number}/personal-data",
        "GET /v1/complaints/{number}/personal-data/copy", "POST /v1/complaints/{number}/personal-data/requests",
        "GET /v1/complaints/{number}/journey", "POST /v1/complaints/{number}/journey",
    }),
    "a connected system's key or signature is the proof": frozenset({
        "GET /v1/wechat/callback", "POST /v1/wechat/callback", "GET /v1/wecom/callback", "POST /v1/wecom/callback",
        "POST /v1/platforms/{connection}/orders", "POST /open311/v2/requests.{fmt}", "GET /open311/v2/tokens/{token}.{fmt}",
        "GET /open311/v2/servicerequestupdates.{fmt}", "POST /open311/v2/servicerequestupdates.{fmt}",
        *(f"POST /v1/hotline/calls/{{connection}}{step}" for step in (
            "", "/start", "/queue", "/answer", "/end", "/rating", "/recording", "/json",
        )),
    }),
}  # fmt: skip
"""Where nobody has to be signed in, and why."""
OWN = frozenset({
    "GET /v1/sessions", "DELETE /v1/sessions", "DELETE /v1/sessions/current", "DELETE /v1/sessions/{session_id}", "POST /v1/me/password",
    "GET /v1/me/second-factor", "POST /v1/me/second-factor", "POST /v1/me/second-factor/confirmation",
    "POST /v1/me/second-factor/recovery-codes", "POST /v1/me/second-factor/removal",
})  # fmt: skip
"""Of everybody who is signed in about themselves alone: no role makes a difference, and no key comes there."""
BY_HAND = {"POST /v1/hotline/complaints": "hotline.file", "POST /v1/field-reports": "field.report"}
"""Quick ways of filing, which ask for the action without FastAPI; their signatures say the same."""


def routes() -> list[tuple[str, str, APIRoute]]:
    """Return door, name and route of every operation."""
    found = []
    for door, app in apps().items():
        for route in app.router.routes:
            if isinstance(route, APIRoute):
                found += [(door, f"{method} {route.path}", route) for method in sorted(route.methods)]
    return found


def signs_in(route: APIRoute) -> bool:
    """Tell whether somebody must be signed in."""
    ahead = [route.dependant]
    while ahead:
        one = ahead.pop()
        if one.call in (signed_in, present):
            return True
        ahead += one.dependencies
    return False


STATED = [(door, name, action) for door, name, route in routes() if (action := action_of(route)) is not None]


def test_every_route_states_an_action_or_a_reason():
    stated = {name for _door, name, _action in STATED}
    signed = {name for _door, name, route in routes() if signs_in(route)} - stated
    free = {name for _door, name, route in routes()} - stated - signed
    asks_within = {f"{method} {path}" for method, path in OPEN_TO_KEYS}
    assert signed == OWN | asks_within
    assert free == frozenset().union(*OPEN.values())
    assert sum(len(names) for names in OPEN.values()) == len(free), "one reason each"
    assert {action for *_, action in STATED} <= set(PERMISSIONS)
    assert BY_HAND.items() <= {name: action for _door, name, action in STATED}.items()


def test_every_action_of_the_table_is_asked_for():
    within = {
        "petition.file", "petition.on_behalf", "activity.record_for_others", "activity.words", "calendar.change",
        "category.read",
    }  # fmt: skip
    assert set(PERMISSIONS) - {action for *_, action in STATED} == within, "asked for inside of routes, or of what commands do"


@pytest.fixture
async def everybody(county) -> Any:
    """Both doors, and somebody of each role."""
    async with unit_of_work(heping.SYSTEM) as work:
        await heping._hire(work, "guide", Person("指导员子", "guide", STAFFED_GRID, party_member=True))
        await heping._hire(work, "assistant", Person("助理员丑", "assistant", STAFFED_GRID))
        await heping._hire(work, "linked", Person("党员寅", "service_member", heping.WATER, party_member=True))
    async with (
        AsyncClient(transport=ASGITransport(apps()["intake"]), base_url="http://intake") as intake,
        AsyncClient(transport=ASGITransport(apps()["reporting"]), base_url="http://reporting") as reporting,
    ):
        logins = {person.role: login for login, person in heping.LOGINS.items()} | {
            "guide": "guide", "assistant": "assistant", "service_member": "linked",
        }  # fmt: skip
        assert set(logins) == set(ROLES)
        headers = {role: await sign_in(intake, login) for role, login in logins.items()}
        yield county, {"intake": intake, "reporting": reporting}, headers


def _request(name: str) -> tuple[str, str]:
    """Return method and address of a route, with something in its segments that is nowhere."""
    method, _, path = name.partition(" ")
    parts = [str(new_id()) if part.startswith("{") and "id" in part else "x" if part.startswith("{") else part for part in path.split("/")]
    return method, "/".join(parts)


async def test_each_role_is_refused_exactly_where_the_table_says(everybody):
    county, clients, headers = everybody
    wrong = []
    for door in clients:
        async with county.as_role(INTAKE if door == "intake" else REPORTING):
            for name, action in [(name, action) for at, name, action in STATED if at == door]:
                method, url = _request(name)
                for role in ROLES:
                    sent = {**headers[role], "Tus-Resumable": "1.0.0", "If-Match": "*"}
                    answer = await clients[door].request(method, url, headers=sent)
                    told = answer.json() if answer.status_code == 403 and answer.content else {}
                    refused = (told.get("code"), told.get("action")) == ("permission.denied", action)
                    if method == "HEAD":
                        refused = answer.status_code == 403
                    if refused != (role not in PERMISSIONS[action]) or answer.status_code >= 500:
                        wrong.append(f"{name} as {role}: {answer.status_code} {answer.text[:120]}")
    assert not wrong, "\n".join(wrong)


async def test_a_key_reaches_exactly_what_it_was_lent(everybody):
    county, clients, _headers = everybody
    lending = Lending(county, clients)
    lent = {"unit.read", "report.read"}
    key = await lending.make(seat={"role": "county_supervisor", "unit_code": heping.COUNTY}, actions=sorted(lent))
    sent = {"Authorization": f"Bearer {key['secret']}", "Tus-Resumable": "1.0.0", "If-Match": "*"}
    for door in clients:
        async with county.as_role(INTAKE if door == "intake" else REPORTING):
            for at, name, route in routes():
                if at != door or not signs_in(route):
                    continue
                method, url = _request(name)
                answer = await clients[door].request(method, url, headers=sent)
                action = action_of(route)
                if name in OWN:
                    assert (answer.status_code, answer.json()["code"]) == (403, "key.people_only"), name
                elif action is not None:
                    assert (answer.status_code == 403) == (action not in lent), (name, answer.text)
