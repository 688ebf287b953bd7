"""Whatever can hold somebody's data says how it ends: a new sealed column, file, mark or kind of paper fails here until it does."""

import ast
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary

from migrations.rows import metadata
from services.complaints.retention import KINDS
from services.platform import clock
from services.platform.database import WORKER
from services.platform.papers import seal_paper
from services.privacy import terms
from services.privacy.erasing import _ERASE, _PLACES
from services.privacy.owners import PAPERS, _always
from services.privacy.retaining import plan_due

_SERVICES = Path(__file__).parents[2] / "services"
_TABLES = (terms.WITH_ITS_MATTER, terms.BY_THEMSELVES, terms.WHEN_ASKED, terms.OF_NOBODY)


def _sealed_columns() -> set[tuple[str, str]]:
    """Every column of bytes, and every key of a file."""
    columns = [(table.name, column) for table in metadata.tables.values() for column in table.columns]
    return {(table, column.name) for table, column in columns if isinstance(column.type, LargeBinary) or column.name == "store_key"}


def _kinds_in_code() -> set[str]:
    """Every kind that papers are sealed as, read from the code: a text, or a constant of its module."""
    found = set()
    for path in _SERVICES.rglob("*.py"):
        tree = ast.parse(path.read_text())
        constants = {}
        for node in tree.body:
            if isinstance(node, ast.Assign):
                names = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                constants |= {
                    n.id: v.value for n, v in zip(names, values, strict=False) if isinstance(n, ast.Name) and isinstance(v, ast.Constant)
                }
        for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _SEALS]:
            kind = next(one for one in call.args if not (isinstance(one, ast.Name) and one.id == "work"))
            found.add(kind.value if isinstance(kind, ast.Constant) else constants.get(kind.id, f"{path.name}: {ast.unparse(call)[:60]}"))
    return found


_SEALS = ("seal_paper", "keep_paper")
_PASSES_ON = "filing.py: seal_paper(kind, clear, work.now)"
"""`keep_paper` of Open311 is given its kind."""


def test_every_column_that_can_hold_somebody_says_how_it_ends_and_only_once():
    said = set().union(*_TABLES)
    assert not _sealed_columns() - said, "say in services/privacy/terms.py how these end"
    for one, other in combinations(_TABLES, 2):
        assert not set(one) & set(other)
    known = {(table.name, column.name) for table in metadata.tables.values() for column in table.columns}
    assert said <= known
    assert all(sentence for table in _TABLES for sentence in table.values())


def test_what_ends_with_its_matter_has_a_kind_that_is_erased_and_words_are_taken_out_of_every_place():
    assert set(terms.WITH_ITS_MATTER.values()) <= set(KINDS) == set(_ERASE)
    told = {table for (table, column), kind in terms.WITH_ITS_MATTER.items() if kind == "words"}
    assert told == {place for place, _rows, _key in _PLACES}


def test_every_kind_of_paper_has_an_owner():
    found = _kinds_in_code()
    assert found - {_PASSES_ON} == set(PAPERS)


async def test_papers_of_every_kind_that_nothing_keeps_are_erased_when_their_time_is_over(county, monkeypatch):
    row = "INSERT INTO sealed_papers (id, kind, row_key, sealed, recorded_at) VALUES ($1, $2, $3, $4, now())"
    for kind in PAPERS:
        paper = seal_paper(kind, {"number": "13800000123"}, clock.now())
        await county.owner.execute(row, *(paper[name] for name in ("id", "kind", "row_key", "sealed")))
    left = "SELECT kind FROM sealed_papers WHERE row_key IS NOT NULL"
    async with county.as_role(WORKER):
        for days, kept in ((150, set(PAPERS)), (200, {kind for kind, bound in PAPERS.items() if bound is _always})):
            then = clock.now() + timedelta(days=days)
            with monkeypatch.context() as later:
                later.setattr(clock, "now", lambda then=then: then)
                while await plan_due():
                    pass
            assert {one["kind"] for one in await county.fetch(left)} == kept


_OF_THE_HANDBOOK = {
    "opinion_contact": "opinion.contact_paper_id",
    "opinion_outcome": "select(OpinionOutcome.paper_id)",
    "opinion_witness": "select(OpinionConfirmation.paper_id)",
    "opinion_wechat": "select(OpinionConfirmation.paper_id)",
    "opinion_wording": "select(OpinionWording.paper_id)",
}


@pytest.mark.parametrize("kind", sorted(kind for kind, bound in PAPERS.items() if bound is _always))
def test_papers_that_never_end_by_themselves_are_found_from_their_complaint_or_by_asking(kind):
    """Read from the code that erases: each names the row its papers hang on."""
    owners = {
        "appeal": "DemandExclusion.appeal_paper_id",
        "confirmation": "CallBack.paper_id",
        "petitioner": "Petitioner.paper_id",
        "open311_request": "Open311Request.paper_id",
        "open311_update": "Open311Update.paper_id",
        "person_request": "PersonRequest.paper_id",
        "erased_passages": "erasure.paper_id",
        **dict.fromkeys(
            ("activity", "service_step", "mediation", "deliberation", "matter_objection"),
            "phone_index.is_(None), SealedPaper.openid_index.is_(None)",
        ),
        **_OF_THE_HANDBOOK,
        "help": "select(HelpItem.paper_id)",
        "help_wechat": "select(HelpCode.confirmed_paper_id)",
    }
    code = "".join(
        (_SERVICES / "privacy" / name).read_text() for name in ("tracing.py", "erasing.py", "handbook.py", "helped.py", "wholly.py")
    )
    assert owners[kind] in code
