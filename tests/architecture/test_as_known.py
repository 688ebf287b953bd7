"""Any list or report can be asked as it was known at an instant (`as_of`), or says here why not. A route that does neither fails the build.

At the reporting door that is every GET. At the intake door, where people work with what is, it is every GET that answers with a list or
with a figure.
"""

from typing import Any

import pytest

_FROZEN = "A document that was frozen: it says as of which instant it was made, and nothing known later changes it."
_PUBLISHED = "Published pages are frozen; each tells when it was published, and a correction stands beside what it corrects."
_ANCHOR = "What was signed for a day is the same for good, and proofs are about nothing but that."
_DEFINITION = "Definitions, which never change: another meaning gets another version."
_FILE = "A file that was made before, of the instant its question named; POST /v1/exports takes `as_of` in the question."
_OWN = "One's own saved things as they are; what they ask is answered `as_of` at their result and in exports."
_NAMES = "What codes are called today, so that lists of any instant can be read; no figure."
_PERSON = "Of a sheet, as it was known when the sheet was frozen: the instant is the sheet's own."
_PROCESS = "Whether the door works at this moment; nothing that is kept."
REPORTING = {
    _FROZEN: (
        "/v1/assessments", "/v1/assessments/{run_id}", "/v1/assessments/{run_id}/sheets", "/v1/assessments/{run_id}/sheets/{sheet_id}",
        "/v1/assessments/{run_id}/appeals", "/v1/bulletins", "/v1/bulletins/{bulletin_id}",
        "/v1/year-end-dossiers/{dossier_id}",
        "/v1/matters/{matter_id}/certificate",
    ),
    _PERSON: ("/v1/assessments/{run_id}/sheets/{sheet_id}/tickets",),
    _PUBLISHED: ("/v1/notice/periods", "/v1/notice/places", "/v1/notice/places/{code}", "/v1/notice/results"),
    _ANCHOR: ("/anchors", "/anchors/consistency", "/anchors/{day}"),
    _DEFINITION: ("/v1/metrics", "/v1/exports/dictionary"),
    _FILE: ("/v1/exports", "/v1/exports/{export_id}", "/v1/exports/{export_id}/dictionary", "/v1/exports/{export_id}/file"),
    _OWN: ("/v1/saved-reports", "/v1/saved-reports/{saved_id}", "/v1/saved-reports/{saved_id}/deliveries"),
    _NAMES: ("/v1/dashboard/names",),
    _PROCESS: ("/healthz", "/readyz"),
}  # fmt: skip
"""GETs of the reporting door without `as_of`, by the reason."""

_TICKETS = "What there is to act on; by the same filter, `as_of` an instant, list and total are GET /v1/tickets at the reporting door."
_WORK = "What waits for whoever asks, to be done now; what waited then is /v1/overdue and /v1/workload at the reporting door, `as_of`."
_ONE = "What became of one thing, entry by entry, each with the instant it was recorded at: whoever reads it sees what was known when."
_COVERAGE = (
    "To be filled or placed now; which there were then, as a figure with its list, is /v1/reports/coverage `as_of` at the reporting door."
)
_LEDGER = "The ledger to work in; its figures and the entries behind them are /v1/reports/activities `as_of` at the reporting door."
_CALLS = "The operators' list of calls; figures of calls and the calls behind them are /v1/reports/hotline `as_of` at the reporting door."
_DRAW = "One draw: what could be drawn is frozen with it, each call has its instant, and the rates they make take `as_of` in /v1/reports."
_REGISTER = "Who and what there is to work with, as it is: no figure and no ticket; each change stands in the journal with its instant."
_RULES = "Versions of rules, each with the instants between which it was in force: all of them are listed."
_SETTING = "How programs and systems are connected, for whoever administers them: no figure and no ticket."
_MINE = "About whoever asks: their devices, their drafts."
_PUSHED = "What another system sent, each with the instant it came and what became of it."
_JUDGED = (
    "Adjudications, each with the instants it was asked for and decided; what they remove from figures is told `as_of` in /v1/reports."
)
_DEEDS = "Deeds that are only added to, the newest first, each with its instant: what was known then is what stands below it."
_OPEN311 = "The shape of GeoReport v2, which knows no `as_of`."
_ASSISTANCE = (
    "What there is to work on, as it is; its figures and what each counted are /v1/reports/assistance `as_of` at the reporting door."
)
INTAKE = {
    _TICKETS: ("/v1/tickets", "/v1/tickets/count"),
    _WORK: ("/v1/me/work", "/v1/hotline/phone-tasks", "/v1/field-reports/sync/conflicts"),
    _ONE: (
        "/v1/tickets/{number}/events", "/v1/tickets/{number}/why", "/v1/tickets/{number}/clocks", "/v1/tickets/{number}/work-logs",
        "/v1/tickets/{number}/messages", "/v1/tickets/{number}/complaints", "/v1/tickets/{number}/words",
        "/v1/tickets/{number}/hops", "/v1/tickets/{number}/tries", "/v1/tickets/{number}/same-person", "/v1/tickets/{number}/similar",
        "/v1/tickets/{number}/calls", "/v1/tickets/{number}/call-backs", "/v1/hotline/calls/{call_uuid}/tickets",
        "/v1/matters/{matter_id}/objections",
    ),
    _COVERAGE: ("/v1/units/blank", "/v1/members/unplaced"),
    _LEDGER: ("/v1/activities", "/v1/opinions", "/v1/activities/declared"),
    _CALLS: ("/v1/hotline/calls",),
    _ASSISTANCE: ("/v1/help-items", "/v1/mediations", "/v1/deliberations"),
    _DRAW: ("/v1/draws", "/v1/draws/{draw_id}/candidates", "/v1/draws/{draw_id}/calls"),
    _REGISTER: (
        "/v1/units", "/v1/members", "/v1/accounts", "/v1/categories", "/v1/categories/suggest", "/v1/households", "/v1/leaves",
        "/v1/shifts", "/v1/me/shift/looks", "/v1/pairings", "/v1/assets",
    ),
    _RULES: ("/v1/policies/{kind}", "/v1/policies/{kind}/{version}/findings"),
    _SETTING: (
        "/v1/api-keys", "/v1/connections", "/v1/webhook-subscriptions", "/v1/webhook-subscriptions/{subscription_id}/deliveries",
    ),
    _MINE: ("/v1/sessions", "/v1/hotline/drafts"),
    _PUSHED: ("/v1/platforms/{connection}/orders", "/v1/platforms/{connection}/pushes", "/v1/hotline/unreadable-events"),
    _DEEDS: ("/v1/reveals",),
    _JUDGED: ("/v1/exclusions", "/v1/person-requests"),
    _OPEN311: (
        "/open311/v2/services.{fmt}", "/open311/v2/requests.{fmt}", "/open311/v2/requests/{service_request_id}.{fmt}",
        "/open311/v2/tokens/{token}.{fmt}", "/open311/v2/servicerequestupdates.{fmt}",
    ),
}  # fmt: skip
"""GETs of the intake door that answer with a list or a figure, by the reason why they take no `as_of`."""
_FIGURES = ("/v1/figures/", "/count", "/coverage")


def reads(module: str) -> dict[str, tuple[bool, bool]]:
    """Every GET of a door: whether it takes `as_of`, and whether it answers with a list or a figure."""
    import importlib

    document = importlib.import_module(module).app.openapi()
    gets = {path: methods["get"] for path, methods in document["paths"].items() if "get" in methods}
    return {path: (_takes_as_of(read), _summarises(path, read, document)) for path, read in gets.items()}


def _takes_as_of(read: dict[str, Any]) -> bool:
    return any(one.get("name") == "as_of" and one.get("in") == "query" for one in read.get("parameters", ()))


def _summarises(path: str, read: dict[str, Any], document: dict[str, Any]) -> bool:
    content = read["responses"].get("200", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    is_list = schema.get("type") == "array" or "items" in schema.get("properties", {})
    return is_list or path.startswith(_FIGURES[:1]) or path.endswith(_FIGURES[1:])


@pytest.mark.parametrize(("module", "excused", "every"), [("reporting_api.app", REPORTING, True), ("intake_api.app", INTAKE, False)])
def test_every_list_and_report_is_told_as_it_was_known_or_says_why_not(module: str, excused: dict[str, Any], every: bool) -> None:
    found = reads(module)
    named = [path for paths in excused.values() for path in paths]
    assert len(set(named)) == len(named), "each has one reason"
    asked = {path for path, (_as_of, summarises) in found.items() if every or summarises}
    silent = sorted(path for path in asked if not found[path][0] and path not in named)
    assert not silent, "these take no `as_of`, and no reason is given: give them one (reporting_api/asking.py: AsOf), or a reason here"
    assert not [path for path in named if path in found and found[path][0]], "these take `as_of`: no reason is needed any more"
    assert not [path for path in named if path not in found], "there is no such route any more"


def test_a_reason_is_one_sentence() -> None:
    for reason in (*REPORTING, *INTAKE):
        assert reason.endswith("."), reason
        assert 20 < len(reason) < 160, reason
