"""Everybody asks everything: who gets an answer at which address, and that no answer tells what its reader may not know.

The addresses are found by asking the doors, so that a new one fails here until somebody has thought of who may read it.
"""

from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from httpx import Response

from services.platform.database import use_database
from services.platform.ids import new_id
from tests.county import SHUIKOU, WATER
from tests.hostile import canaries as c
from tests.hostile.barrage import Barrage
from tests.hostile.canaries import found_in
from tests.hostile.ground import PEOPLE
from tests.hostile.operations import Operation, operations
from tests.hostile.planting import CONTACT, person
from tests.journeys.people import PICTURE, Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
READS_BY_POST = {
    "POST /v1/complaints/similar": {"words": c.WORDS, "phone": c.PHONE},
    "POST /v1/hotline/callers": {"phone": c.PHONE},
    "POST /v1/hotline/phone-tasks/{task_id}/number": {"purpose": "回访"},
    "POST /v1/shifts/looks": {"purpose": "safety"},
}
ALL = operations()
READS = [found for found in ALL if found.document.get("security") and (found.method in ("GET", "HEAD") or str(found) in READS_BY_POST)]
QUERIES = {
    "/v1/categories/suggest": "?text=x",
    "/v1/reports/year-end": "?year=2026",
    "/v1/reports/matters/entries": "?metric=matters_open",
    "/v1/reports/funnel/entries": "?metric=opinions_heard",
    "/v1/reports/activities/entries": "?metric=visits",
    "/v1/hotline/calls/{call_id}/recording": "?purpose=x",
    "/v1/reports/hotline/calls": "?metric=connection_rate_queued",
    "/v1/assessments/{run_id}/sheets/{sheet_id}/tickets": "?item=satisfied&metric=satisfaction_rate@1",
}
KNOWS_IN_CONFIDENCE = {"hotline", "county", "pengzhai"}
"""Who was asked for confidence, and who watches over it: the hotline, the county, and the desk of the township."""
STRANGERS = ("yangming", "roads")
"""Their area and their line have nothing to do with what is told here."""
MASKED = ("欧****", "138****5544", "138****4433", "上**", "上***", "k***@example.org", "441***********1236", "441***********345X")


@dataclass
class Matter:
    """A petition in confidence with everything that hangs on it, and a complaint of the same person."""

    barrage: Barrage
    known: dict[str, str]
    other: str

    async def ask(self, operation: Operation, login: str | None) -> Response:
        """Ask as somebody; as nobody where None."""
        use_database(self.barrage.databases[operation.door])
        headers = {"Tus-Resumable": "1.0.0", **(self.barrage.headers[login] if login else {})}
        body = READS_BY_POST.get(str(operation))
        url = operation.address(self.known) + QUERIES.get(operation.path, "")
        return await self.barrage.clients[operation.door].request(operation.method, url, headers=headers, json=body)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def matter(opened) -> Any:
    county, barrage = opened
    client = barrage.clients["intake"]
    use_database(barrage.databases["intake"])
    desk = Desk(client, county, dict(barrage.headers))
    sent = await client.post(
        "/v1/attachments", content=PICTURE + new_id().bytes, headers={**barrage.headers["hotline"], "Content-Type": "image/png"}
    )
    told = {"words": c.WORDS, "category": "water.pipe_burst", "place": {"unit_code": SHUIKOU, "words": c.PLACE}, "contact": CONTACT}
    other = await desk.file(**{**told, "words": "另一件事"})
    petition = {**told, "filing_id": str(new_id()), "confidential": True, "people": 9, "representatives": [person()]}
    petition |= {"attachment_ids": [sent.json()["id"]]}
    answer = await client.post("/v1/petitions", json=petition, headers=barrage.headers["hotline"])
    assert answer.status_code == 201, answer.text
    await county.settle()
    number = answer.json()["number"]
    await desk.does("county", number, "transfer", unit=WATER, words="请水利局办理", designate=True)
    link = {"call_id": "1795312694.0", "source": "pbx-580", "purpose": "supplement"}
    linked = await client.post(f"/v1/tickets/{number}/calls", json=link, headers=barrage.headers["hotline"])
    assert linked.status_code == 201, linked.text
    read = await client.get(f"/v1/tickets/{number}/complaints", headers=barrage.headers["county"])
    task = await county.value(
        "INSERT INTO phone_tasks (id, ticket_id, complaint_id, purpose, words, state, not_before, created_at)"
        " SELECT gen_random_uuid(), ticket_id, id, 'call_back', 'x', 'open', now(), now() FROM complaints WHERE id = $1::uuid RETURNING id",
        read.json()[0]["id"],
    )
    await county.owner.execute(
        "INSERT INTO demand_exclusions"
        " (id, ticket_id, round, state, reason, words, proposed_at, proposed_by_account_id, proposed_by_unit_id)"
        " SELECT gen_random_uuid(), t.id, 1, 'proposed', 'impossible', 'x', now(), a.id, t.desk_unit_id FROM tickets t, accounts a"
        " WHERE t.number = $1 AND a.login = 'pengzhai'",
        number,
    )
    await county.owner.execute(
        "UPDATE calls SET recording_state = 'kept', recording_attachment_id = (SELECT id FROM attachments ORDER BY uploaded_at LIMIT 1)"
    )
    known = {
        **barrage.known,
        "number": number,
        "complaint_id": read.json()[0]["id"],
        "attachment_id": sent.json()["id"],
        "task_id": str(task),
    }
    yield Matter(barrage, known, other)


_EVERYBODY = frozenset(PEOPLE)
_PLACED = _EVERYBODY - {"linked"}
"""Who looks after households sees those, and what everybody may."""
_DESK = frozenset({"hotline", "county"})
_DISPATCHERS = frozenset({"pengzhai", "yangming"})
_ADMIN = frozenset({"admin"})
_SUPERVISED = frozenset({"admin", "county"})
_OVERSEES = frozenset({"organization", "discipline"})
_SUPERVISED_YEARS = _OVERSEES | {"county"}
"""They read across; whose matter it is they do not learn."""
_EXPORTERS = _SUPERVISED | _DISPATCHERS | _OVERSEES | {"analyst"}
_SITS_IN_PENGZHAI = frozenset({"pengzhai", "shuikou", "grid"})
_HELPERS = _DISPATCHERS | _SITS_IN_PENGZHAI | {"county", "water", "roads", "linked"}
_SERVICE = _SUPERVISED | _DISPATCHERS | _OVERSEES | {"analyst", "shuikou"}
_HEARS = _OVERSEES | _SITS_IN_PENGZHAI | {"county", "hotline", "linked"}
"""Whose area the household lies in, and who looks after it."""
_TOLD = frozenset({"county", "hotline", "pengzhai", "shuikou", "water"}) | _OVERSEES
"""Who handles the matter, or watches over whoever does, and may read complaints."""
_SEES_TICKET = _TOLD | {"admin", "analyst"}
MAY: dict[str, frozenset[str]] = {
    "GET /v1/accounts": _ADMIN,
    "GET /v1/accounts/{member_id}": _ADMIN,
    "GET /v1/activities": _EVERYBODY,
    "GET /v1/activities/declared": _EVERYBODY,
    "GET /v1/activities/{activity_id}": _PLACED - {"yangming", "roads", "water"},
    "GET /v1/assessments": _PLACED,
    "GET /v1/assessments/{run_id}": _PLACED,  # it was published
    "GET /v1/assessments/{run_id}/appeals": _PLACED,
    "GET /v1/assessments/{run_id}/sheets": _PLACED,
    "GET /v1/assessments/{run_id}/sheets/{sheet_id}": _SUPERVISED | _SITS_IN_PENGZHAI | _OVERSEES | {"analyst"},
    "GET /v1/assessments/{run_id}/sheets/{sheet_id}/tickets": _SUPERVISED | _SITS_IN_PENGZHAI | _OVERSEES | {"analyst"},
    "GET /v1/api-keys": _ADMIN,
    "GET /v1/api-keys/{key_id}": _ADMIN,
    "GET /v1/attachments/{attachment_id}": _TOLD | _ADMIN,
    "GET /v1/attachments/{attachment_id}/facts": _DESK | {"pengzhai"},
    "GET /v1/attachments/{attachment_id}/public": _TOLD | _ADMIN,
    "GET /v1/categories/suggest": _EVERYBODY,
    "GET /v1/connections": _ADMIN,
    "GET /v1/connections/{code}": _ADMIN,
    "GET /v1/bulletins": _PLACED,
    "GET /v1/bulletins/{bulletin_id}": frozenset({"county", "analyst"}),  # a draft: for those who may draft
    "GET /v1/bulletins/{bulletin_id}/drift": frozenset({"county", "analyst"}),
    "GET /v1/dashboard/areas": _PLACED,
    "GET /v1/dashboard/categories": _PLACED,
    "GET /v1/dashboard/flow": _PLACED,
    "GET /v1/dashboard/late": _PLACED,
    "GET /v1/dashboard/names": _PLACED,
    "GET /v1/dashboard/overview": _PLACED,
    "GET /v1/deliberations": _PLACED,
    "GET /v1/deliberations/{deliberation_id}": _PLACED - {"yangming", "roads", "water"},
    "GET /v1/draws/{draw_id}/calls": _DESK,
    "GET /v1/draws/{draw_id}/coverage": _DESK,
    "GET /v1/exclusions": _DISPATCHERS | _DESK | _OVERSEES,
    "GET /v1/exports": _EXPORTERS,
    "GET /v1/exports/dictionary": _EXPORTERS,
    "GET /v1/exports/{export_id}": frozenset({"county"}),  # whose export it is
    "GET /v1/exports/{export_id}/dictionary": frozenset({"county"}),
    "GET /v1/exports/{export_id}/file": frozenset({"county"}),
    "GET /v1/field-reports/sync/conflicts": frozenset({"grid", "shuikou", "linked"}),
    "GET /v1/field-reports/sync/{command_id}": frozenset({"grid"}),
    "GET /v1/brigading": _DESK | _DISPATCHERS,
    "GET /v1/figures/households": _PLACED,
    "GET /v1/figures/satisfaction-by-household": _PLACED,
    "GET /v1/households": _SITS_IN_PENGZHAI | {"yangming", "county"},
    "GET /v1/households/{household_id}": _SITS_IN_PENGZHAI | {"county"},
    "GET /v1/help-items": _HELPERS,
    "GET /v1/help-items/{item_id}": frozenset({"county", "pengzhai", "shuikou", "grid", "linked"}),
    "GET /v1/hotline/calls": _DESK,
    "GET /v1/hotline/calls/{call_id}": _DESK,
    "GET /v1/hotline/calls/{call_id}/recording": _DESK,
    "GET /v1/hotline/calls/{call_uuid}/tickets": _DESK,
    "GET /v1/hotline/drafts": _DESK,
    "GET /v1/hotline/drafts/{draft_id}": _DESK,
    "GET /v1/hotline/phone-tasks": _DESK,
    "GET /v1/hotline/unreadable-events": _DESK,
    "GET /v1/hotline/unreadable-events/{event_id}": _DESK,
    "GET /v1/me": _EVERYBODY,
    "GET /v1/me/second-factor": _EVERYBODY,
    "GET /v1/me/shift": frozenset({"grid", "shuikou"}),
    "GET /v1/me/shift/looks": frozenset({"grid", "shuikou"}),
    "GET /v1/me/service-round": _HELPERS,
    "GET /v1/me/work": _PLACED,
    "GET /v1/leaves": _EVERYBODY,
    "GET /v1/leaves/{leave_id}": _SUPERVISED | _OVERSEES | _SITS_IN_PENGZHAI,  # who is away, who acts, and who watches over them
    "GET /v1/help-items/{item_id}/files/{attachment_id}": frozenset(),
    "GET /v1/mediations/{mediation_id}/files/{attachment_id}": frozenset(),
    "GET /v1/mediations": _HELPERS - {"water", "roads", "linked"},
    "GET /v1/mediations/{mediation_id}": frozenset({"county", "pengzhai", "shuikou", "grid"}),
    "GET /v1/members": _SUPERVISED | _DISPATCHERS | _OVERSEES,
    "GET /v1/members/unplaced": _SUPERVISED | _DISPATCHERS | _OVERSEES,
    "GET /v1/members/{member_id}": _SUPERVISED | _OVERSEES,
    "GET /v1/members/{member_id}/wecom": _SUPERVISED | _OVERSEES,
    "GET /v1/assets": _EVERYBODY,
    "GET /v1/matter-candidates": _DISPATCHERS | {"county"},
    "GET /v1/matter-candidates/{candidate_id}": frozenset({"county", "pengzhai"}),
    "GET /v1/matters": _EVERYBODY,
    "GET /v1/matters/{matter_id}/certificate": frozenset(),  # of a matter that was struck off
    "GET /v1/matters/{matter_id}/objections": frozenset({"county", "pengzhai", "shuikou"}),  # who writes them down or decides on them
    "GET /v1/matters/{matter_id}": _PLACED - {"yangming", "roads", "water"},
    "GET /v1/problem-villages": _EVERYBODY,
    "GET /v1/reports/blockers": _EVERYBODY,
    "GET /v1/reports/year-end": _EVERYBODY,  # who oversees nothing reads what they answer for themselves
    "GET /v1/year-end-dossiers": _SUPERVISED_YEARS,
    "GET /v1/year-end-dossiers/{dossier_id}": _SUPERVISED_YEARS,
    "GET /v1/year-end/questions/{question_id}": _SUPERVISED_YEARS | {"shuikou"},  # who asks, oversees, and was asked
    "GET /v1/reports/matters": _PLACED,
    "GET /v1/reports/matters/entries": _PLACED,
    "GET /v1/reports/funnel": _PLACED,
    "GET /v1/reports/funnel/entries": _PLACED,
    "GET /v1/reports/villages/{unit}/problems": _PLACED - {"yangming", "roads", "water", "grid"},
    "GET /v1/metrics": _PLACED,
    "GET /v1/notices/corrections/{order_id}": _ADMIN,
    "GET /v1/overdue": _PLACED,
    "GET /v1/overdue/listed": _PLACED,
    "GET /v1/pairings": _PLACED - {"hotline"},
    "GET /v1/pairings/{pairing_id}": _SUPERVISED | _OVERSEES | {"analyst", "pengzhai", "shuikou"},
    "GET /v1/platforms/{connection}/orders": _SUPERVISED | _DISPATCHERS | _DESK | _OVERSEES,
    "GET /v1/platforms/{connection}/pushes": _ADMIN,
    "GET /v1/policies/{kind}": _SUPERVISED | _OVERSEES | {"analyst"},
    "GET /v1/policies/{kind}/{version}": _SUPERVISED | _OVERSEES | {"analyst"},
    "GET /v1/policies/{kind}/{version}/findings": _SUPERVISED | _OVERSEES | {"analyst"},
    "GET /v1/reports/pairings": _EXPORTERS,
    "GET /v1/reports/pairings/{which}": _EXPORTERS,
    "GET /v1/reports/activities": _PLACED,
    "GET /v1/reports/activities/entries": _PLACED,
    "GET /v1/reports/assistance": _SUPERVISED | _DISPATCHERS | _OVERSEES | {"analyst"},
    "GET /v1/reports/assistance/{counted}": _SUPERVISED | _DISPATCHERS | _OVERSEES | {"analyst"},
    "GET /v1/reports/coverage": _SUPERVISED | _DISPATCHERS | _OVERSEES | {"analyst"},
    "GET /v1/reports/coverage/{figure}": _SUPERVISED | _DISPATCHERS | _OVERSEES | {"analyst"},
    "GET /v1/reports/hand-offs": _PLACED,
    "GET /v1/reports/hand-offs/tickets": _PLACED,
    "GET /v1/reports/hotline": _PLACED,
    "GET /v1/reports/hotline/calls": _DESK,
    "GET /v1/reports/petitions": _PLACED,
    "GET /v1/reports/petitions/tickets": _PLACED,
    "GET /v1/reports/queue-fairness": _PLACED,
    "GET /v1/reports/queue-fairness/tickets": _PLACED,
    "GET /v1/reports/repeats": _PLACED,
    "GET /v1/reports/repeats/tickets": _PLACED,
    "GET /v1/reports/{metric}": _PLACED,
    "GET /v1/reports/{metric}/tickets": _PLACED,
    "GET /v1/reveals": frozenset({"discipline"}),
    "GET /v1/reports/obligations": _SERVICE,
    "GET /v1/reports/obligations/monthly": _SERVICE,
    "GET /v1/reports/visit-frequency": _SERVICE,
    "GET /v1/reports/visit-latency": _SERVICE,
    "GET /v1/programmes": _EVERYBODY,
    "GET /v1/reports/service-days": _SERVICE,
    "GET /v1/reports/service-days/missing": _SERVICE,
    "GET /v1/service-days": _EVERYBODY,
    "GET /v1/handbooks/{household_id}": _HEARS,
    "GET /v1/handbooks/{household_id}/page": _HEARS,
    "GET /v1/opinions": _HEARS | {"yangming", "water", "roads"},
    "GET /v1/opinions/{opinion_id}": _HEARS,
    "GET /v1/opinions/{opinion_id}/files/{attachment_id}": frozenset(),
    "GET /v1/reports/opinions": _SERVICE,
    "GET /v1/reports/opinions/open": _SERVICE,
    "GET /v1/reports/opinions/satisfaction": _SERVICE,
    "GET /v1/tickets/{number}/hops": _SEES_TICKET,
    "GET /v1/tickets/{number}/tries": _SEES_TICKET,
    "GET /v1/visits/{visit_id}": _OVERSEES | _SITS_IN_PENGZHAI | {"county", "linked"},
    "GET /v1/saved-reports": _PLACED,
    "GET /v1/saved-reports/{saved_id}": _SITS_IN_PENGZHAI,
    "GET /v1/saved-reports/{saved_id}/deliveries": _SITS_IN_PENGZHAI,
    "GET /v1/saved-reports/{saved_id}/result": _SITS_IN_PENGZHAI,
    "GET /v1/sessions": _EVERYBODY,
    "GET /v1/shifts": _DISPATCHERS | {"county"},
    "GET /v1/tickets": _PLACED,
    "GET /v1/tickets/count": _PLACED,
    "GET /v1/tickets/{number}": _SEES_TICKET,
    "GET /v1/tickets/{number}/call-backs": _SEES_TICKET,
    "GET /v1/tickets/{number}/calls": _TOLD,
    "GET /v1/tickets/{number}/complaints": _TOLD,
    "GET /v1/tickets/{number}/words": _TOLD,
    "GET /v1/tickets/{number}/events": _SEES_TICKET,
    "GET /v1/tickets/{number}/exclusion": _DESK | _OVERSEES | {"pengzhai"},
    "GET /v1/tickets/{number}/messages": _DESK | _OVERSEES | {"pengzhai"},
    "GET /v1/tickets/{number}/reception": _TOLD,
    "GET /v1/tickets/{number}/same-person": _TOLD - _OVERSEES,
    "GET /v1/tickets/{number}/signs": _DESK | {"pengzhai"},
    "GET /v1/tickets/{number}/similar": _TOLD,
    "GET /v1/tickets/{number}/why": _SEES_TICKET,
    "GET /v1/tickets/{number}/clocks": _SEES_TICKET,
    "GET /v1/tickets/{number}/work-logs": _SEES_TICKET,
    "GET /v1/tickets/{number}/evidence": _SEES_TICKET,
    "GET /v1/tickets/{number}/personal-data": _SUPERVISED,
    "GET /v1/person-requests": frozenset({"county"}),
    "GET /v1/units": _EVERYBODY,
    "GET /v1/units/blank": _SUPERVISED | _DISPATCHERS | _OVERSEES | {"analyst"},
    "GET /v1/units/{code}": _EVERYBODY,
    "GET /v1/uploads/{upload_id}": frozenset({"county"}),  # whose upload it is
    "GET /v1/warnings": _PLACED,
    "GET /v1/webhook-subscriptions": _SUPERVISED,
    "GET /v1/webhook-subscriptions/{subscription_id}": _SUPERVISED,
    "GET /v1/webhook-subscriptions/{subscription_id}/deliveries": _SUPERVISED,
    "GET /v1/workload": _PLACED,
    "HEAD /v1/uploads/{upload_id}": frozenset({"county"}),
    "POST /v1/complaints/similar": _PLACED - {"admin", "analyst"},
    "POST /v1/hotline/callers": _DESK,
    "POST /v1/hotline/phone-tasks/{task_id}/number": frozenset({"county"}),  # the first who takes it
    "POST /v1/shifts/looks": _DISPATCHERS | {"county"},
}
OPEN_TO_ALL = {
    "intake": {
        "GET /healthz", "GET /readyz", "GET /metrics", "POST /v1/sessions", "POST /v1/sessions/refresh",
        "GET /v1/single-sign-on", "POST /v1/single-sign-on", "POST /v1/single-sign-on/sessions", "POST /v1/single-sign-on/second-factor",
        "GET /v1/categories", "GET /v1/categories/{code}",
        "GET /v1/units/{code}/responsible", "GET /v1/complaints/{number}", "POST /v1/complaints/{number}/progress",
        "POST /v1/complaints/{number}/confirmations", "POST /v1/complaints/{number}/appeals",
        "POST /v1/complaints/{number}/objections",
        "GET /v1/complaints/{number}/personal-data", "GET /v1/complaints/{number}/personal-data/copy",
        "POST /v1/complaints/{number}/personal-data/requests",
        "GET /v1/complaints/{number}/journey", "POST /v1/complaints/{number}/journey",
        "GET /v1/complaints/{number}/proof", "GET /v1/draws", "GET /v1/draws/{draw_id}", "GET /v1/draws/{draw_id}/candidates",
        "OPTIONS /v1/uploads", "OPTIONS /v1/uploads/{upload_id}", "GET /v1/wechat/callback", "POST /v1/wechat/callback",
        "GET /v1/wecom/callback", "POST /v1/wecom/callback", "POST /v1/platforms/{connection}/orders",
    },
    "reporting": {
        "GET /healthz", "GET /readyz", "GET /metrics", "GET /v1/notice/periods", "GET /v1/notice/results", "GET /v1/notice/places",
        "GET /v1/notice/places/{code}", "GET /v1/notice/deliberations", "GET /notice", "GET /notice/directory",
        "GET /v1/notice/matters", "GET /notice/matters",
        "GET /notice/directory/{code}",
        "GET /bulletins", "GET /bulletins/{number}", "GET /anchors", "GET /anchors/consistency", "GET /anchors/{day}",
        "GET /dashboard", "GET /pages/{path:path}",  # files: what they show is asked for with a token
    },
}  # fmt: skip
"""Where nobody signs in: what everybody may know, and what shows another proof of who asks. Exchanges and Open311 beside them."""


async def test_where_nobody_signs_in_is_known():
    for door, known in OPEN_TO_ALL.items():
        free = {str(found) for found in ALL if found.door == door and not found.document.get("security")}
        own_proof = {name for name in free if " /open311/" in name or name.startswith("POST /v1/hotline/calls/{connection}")}
        assert free - own_proof == known


async def test_who_is_answered_is_known_of_every_address(matter):
    found = {str(operation): {login for login in PEOPLE if (await matter.ask(operation, login)).status_code < 300} for operation in READS}
    wrong = [f"{name}: {sorted(found.get(name, ()))}" for name in sorted(found | MAY) if found.get(name) != MAY.get(name)]
    assert not wrong, "\n".join(wrong)


async def test_whoever_is_not_signed_in_is_answered_nowhere(matter):
    for operation in READS:
        assert (await matter.ask(operation, None)).status_code == 401, operation


async def test_no_answer_to_anybody_shows_who_complained_in_clear(matter):
    for operation in READS:
        for login in PEOPLE:
            answer = await matter.ask(operation, login)
            if "/phone-tasks/" not in operation.path and "/drafts" not in operation.path:
                assert not found_in(answer.content, c.CONTACT), (str(operation), login, answer.text)


async def test_nobody_but_the_desk_learns_even_masked_who_complained_in_confidence(matter):
    shown = set()
    for operation in READS:
        for login in PEOPLE:
            answer = await matter.ask(operation, login)
            if any(mask in answer.text for mask in MASKED) or ("same-person" in operation.path and matter.other in answer.text):
                assert login in KNOWS_IN_CONFIDENCE, (str(operation), login, answer.text)
                shown.add(str(operation))
    assert shown >= {"GET /v1/tickets/{number}/complaints", "GET /v1/tickets/{number}/reception", "GET /v1/tickets/{number}/same-person"}


async def test_strangers_learn_of_a_matter_at_no_address(matter):
    ids = ("number", "complaint_id", "attachment_id", "task_id", "call_id", "push_id", "delivery_id", "event_id")
    secret = (*c.SAID, *(matter.known[name] for name in ids), "1795312694.0", matter.other)
    for operation in READS:
        for login in STRANGERS:
            answer = await matter.ask(operation, login)
            assert not found_in(answer.content, secret), (str(operation), login, answer.text)
