"""Asking for a run, and making it: figures are frozen once, and sheets follow from them. The worker does the making."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from services.assessment.commands import AskForRun
from services.assessment.gathering import LEDGER, RESOLVED_BY, Figures, Subject, figures_of, households_of, known_funnel, subjects_of
from services.assessment.linting import KIND
from services.assessment.models import AssessmentRun, AssessmentSheet
from services.assessment.rules import Scheme, schemes_of, with_weights
from services.assessment.scoring import Count, Counts, Scored, score, standings
from services.journal.noting import note
from services.organization.queries import unit_tree
from services.platform.bulk import insert_many
from services.platform.clock import day_end, local_day
from services.platform.database import Json
from services.platform.errors import Conflict, Invalid, NotFound, Problem
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.policies.actions import definition_of
from services.policies.queries import timetable_of
from services.reports import composite
from services.reports.figures import one_snapshot
from services.reports.metrics import METRICS
from services.reports.questions import Asked

SUBJECT = "assessment_run"
_STANDING = text("state <> 'withdrawn'")


async def ask_for_run(work: Work, command: AskForRun) -> UUID:
    """Keep a run that is to be made, with the rules in force now; return its id.

    Raises 404 ``assessment.scheme_unknown``, 422 ``assessment.period_open`` for days that are not over, and 409 ``assessment.exists``
    where a run of the scheme for these days stands that was not withdrawn.
    """
    if command.last >= local_day(work.now):
        raise Invalid("assessment.period_open", "The days are not over yet; what is still going on cannot be frozen.")
    version = (await timetable_of(work.session, KIND.name)).version_at(work.now)
    schemes = {scheme.code: scheme for scheme in schemes_of(await definition_of(work.session, KIND, version))}
    scheme = schemes.get(command.scheme)
    if scheme is None:
        detail = "The rules in force have no scheme with this code; `known` lists those there are."
        raise NotFound("assessment.scheme_unknown", detail, extra={"known": sorted(schemes)})
    run_id = new_id()
    row = {
        "id": run_id, "scheme": scheme.code, "name": scheme.name, "subjects": scheme.subjects, "first": command.first, "last": command.last,
        "policy_version": version, "rules": await _written_out(work, scheme, command.last), "state": "asked", "asked_at": work.now,
        "asked_by_account_id": work.actor.account_id,
    }  # fmt: skip
    put = insert(AssessmentRun).values(row).on_conflict_do_nothing(index_elements=["scheme", "first", "last"], index_where=_STANDING)
    if (await work.session.execute(put.returning(AssessmentRun.id))).one_or_none() is None:
        raise Conflict("assessment.exists", "There is a run of this scheme for these days already; withdraw it first, with the reason.")
    told = {"scheme": scheme.code, "first": str(command.first), "last": str(command.last), "policy_version": version}
    await note(work, SUBJECT, run_id, "assessment.asked", told)
    work.rings = True
    return run_id


async def _written_out(work: Work, scheme: Scheme, last: date) -> Json:
    """Return the rules of a scheme with the weights of the three rates in force when the period ended, as their own report has them."""
    kind = composite.KIND
    version = (await timetable_of(work.session, kind.name)).version_at(day_end(last) - timedelta(microseconds=1))
    weights = composite.weights_of(version, await definition_of(work.session, kind, version))
    return with_weights(scheme.raw, [(METRICS[metric].key, weight) for metric, weight in weights.parts])


async def make_next(work: Work) -> UUID | None:
    """Make the run that waits longest, of one instant, in this transaction; return its id, None where none waits.

    A run whose rules cannot be worked with any more (a metric that is gone) is withdrawn, with the reason.
    """
    await one_snapshot(work.session)
    await work.session.execute(text("SET LOCAL statement_timeout = 0"))
    waiting = select(AssessmentRun).where(AssessmentRun.state == "asked").order_by(AssessmentRun.asked_at, AssessmentRun.id)
    run = await work.session.scalar(waiting.limit(1).with_for_update(skip_locked=True))
    if run is None:
        return None
    as_of = work.now.replace(microsecond=0)  # addresses name instants to the second
    try:
        rows = await _sheets(work, run, as_of)
    except Problem as wrong:
        run.state, run.withdrawn_at, run.withdrawn_because = "withdrawn", work.now, f"{wrong.code}: {wrong.detail}"
        await work.session.flush()
        await note(work, SUBJECT, run.id, "assessment.withdrawn", {"because": wrong.code})
        return run.id
    run.as_of, run.state = as_of, "draft"
    await work.session.flush()
    await insert_many(work.session, AssessmentSheet, rows)
    await note(work, SUBJECT, run.id, "assessment.made", {"sheets": len(rows), "as_of": as_of.isoformat()})
    return run.id


async def _sheets(work: Work, run: AssessmentRun, as_of: datetime) -> list[dict[str, Any]]:
    scheme = scheme_of(run.rules)
    subjects = subjects_of(scheme, await unit_tree(work.session), await households_of(work), run.last)
    figures = await figures_of(work, scheme, subjects, Asked("received", run.first, run.last, as_of=as_of))
    return sheet_rows(run.id, scheme, subjects, figures)


def scheme_of(rules: Json) -> Scheme:
    """Return the scheme a run was made by."""
    (scheme,) = schemes_of({"schemes": [rules]})
    return scheme


def sheet_rows(run_id: UUID, scheme: Scheme, subjects: Sequence[Subject], figures: Figures) -> list[dict[str, Any]]:
    """Return the rows of all sheets of a run. Pure, but for the ids."""
    rows = [_sheet_row(run_id, scheme, subject, figures) for subject in subjects]
    for group in {row["group_code"] for row in rows}:
        inside = [row for row in rows if row["group_code"] == group]
        places = places_of(scheme, {str(row["id"]): read_scored(row["result"]) for row in inside})
        for row in inside:
            row.update(places[str(row["id"])])
    return rows


def _sheet_row(run_id: UUID, scheme: Scheme, subject: Subject, figures: Figures) -> dict[str, Any]:
    counts, unit = counts_of(scheme, subject, figures), subject.unit
    return {
        "id": new_id(),
        "run_id": run_id,
        "unit_id": unit.id,
        "unit_code": unit.code,
        "unit_name": unit.name,
        "unit_path": unit.path,
        "member_id": subject.member_id,
        "role": subject.role,
        "group_code": subject.group,
        "households": subject.households,
        "counts": written(counts),
        "funnel": _funnel(subject, figures),
        **result_columns(score(scheme, counts)),
    }


def counts_of(scheme: Scheme, subject: Subject, figures: Figures) -> Counts:
    """Return what each item of a subject is scored from."""
    nothing = Count(0, 0)
    found = {
        item.code: {share.metric: figures.get((share.metric, item.removal), {}).get(subject.key, nothing) for share in item.shares}
        for item in scheme.items
    }
    for rule in scheme.counted:
        figure = figures.get((rule.metric, rule.removal), {}).get(subject.key, nothing)
        found[rule.code] = {rule.metric: Count(figure.numerator, None)}
    return found


def written(counts: Counts) -> Json:
    """Return counts as they are kept."""
    return {code: {metric: list(count) for metric, count in found.items()} for code, found in counts.items()}


def read_counts(kept: Mapping[str, Mapping[str, Sequence[Any]]]) -> Counts:
    """Return counts from what was kept."""
    return {code: {metric: Count(*pair) for metric, pair in found.items()} for code, found in kept.items()}


def result_columns(scored: Scored) -> dict[str, Any]:
    """Return the columns of a sheet that follow from its counts."""
    return {"result": asdict(scored), "total": scored.total}


def read_scored(result: Mapping[str, Any]) -> Scored:
    """Return of a kept result what ranks are made from."""
    return Scored((), (), result["total"], result["lower"], result["upper"])


def places_of(scheme: Scheme, sheets: Mapping[str, Scored]) -> dict[str, dict[str, int | None]]:
    """Return the rank columns of the sheets of one group. Persons are not ranked."""
    found: dict[str, dict[str, int | None]] = {key: {"place_rank": None, "best": None, "worst": None} for key in sheets}
    if scheme.subjects == "units":
        for key, standing in standings(sheets).items():
            found[key] = {"place_rank": standing.rank, "best": standing.best, "worst": standing.worst}
    return found


def _funnel(subject: Subject, figures: Figures) -> Json:
    counts = {metric: figures.get((metric, "kept"), {}) for metric in (*LEDGER, *known_funnel())}
    found: Json = {metric: count[subject.key].numerator if subject.key in count else 0 for metric, count in counts.items() if count}
    return {**found, "attributed": RESOLVED_BY} if subject.member_id else found
