"""Loading members and their posts from a file: good lines are loaded, bad ones named, and the same file twice changes nothing.

Columns: ``staff_number``, ``name``, ``party_member`` (是/否 or yes/no), ``unit`` and ``role``; one line a post. Who is not mentioned stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from services.journal.noting import note
from services.organization.loading import ORGANIZATION
from services.organization.models import ROLES, Member, Post
from services.organization.posts import GRID_INSTRUCTOR, require_fitting, settled_role
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import insert_many, one_of, update_many
from services.platform.clock import local_day
from services.platform.csv_files import CsvRow, LineError, read_rows
from services.platform.errors import Problem
from services.platform.ids import new_id
from services.platform.text import of_nobody, storable
from services.platform.unit_of_work import Work

COLUMNS = ("staff_number", "name", "party_member", "unit", "role")
PORTION = 1_000
_SAID = {"是": True, "yes": True, "否": False, "no": False}
_LONGEST = {"staff_number": 64, "name": 60}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Placed:
    """A member in a post, as a line says it."""

    staff_number: str
    name: str
    party_member: bool
    unit: UnitNode
    role: str
    line: int


@dataclass
class MembersReport:
    """What a load did: members added and changed, posts given, lines that said nothing new; lines that could not be."""

    added: int = 0
    changed: int = 0
    posts: int = 0
    unchanged: int = 0
    errors: list[LineError] = field(default_factory=list)

    def add(self, other: "MembersReport") -> None:
        """Add what another portion did."""
        self.added += other.added
        self.changed += other.changed
        self.posts += other.posts
        self.unchanged += other.unchanged
        self.errors += other.errors


def parse_members(text: str, tree: UnitTree) -> tuple[list[Placed], list[LineError]]:
    """Read a whole file: who is placed where, and its mistakes by line. Pure."""
    rows, errors = read_rows(text, COLUMNS)
    found: list[Placed] = []
    said: dict[str, Placed] = {}
    for row in rows:
        placed, wrong = _read(row, tree)
        before = said.setdefault(placed.staff_number, placed) if placed is not None else None
        if placed is not None and before is not None and (before.name, before.party_member) != (placed.name, placed.party_member):
            wrong = [LineError(row.line, "staff_number", f"belongs to somebody else in line {before.line}")]
        elif placed is not None:
            found.append(placed)
        errors += wrong
    return found, sorted(errors, key=lambda error: error.line)


def _read(row: CsvRow, tree: UnitTree) -> tuple[Placed | None, list[LineError]]:
    wrong = []
    for column, longest in _LONGEST.items():
        if not row[column] or len(row[column]) > longest:
            wrong.append(LineError(row.line, column, f"must be 1 to {longest} characters"))
        try:
            of_nobody(storable(row[column]))
        except ValueError as error:
            wrong.append(LineError(row.line, column, str(error)))
    party = _SAID.get(row["party_member"].casefold())
    if party is None:
        wrong.append(LineError(row.line, "party_member", "must be 是 or 否"))
    unit = tree.by_code.get(row["unit"])
    if unit is None or not unit.active:
        wrong.append(LineError(row.line, "unit", "there is no active unit with this code"))
    if row["role"] not in ROLES and row["role"] != GRID_INSTRUCTOR:
        wrong.append(LineError(row.line, "role", f"must be one of {', '.join(ROLES)}"))
    if wrong or unit is None or party is None:
        return None, wrong
    try:
        role = settled_role(row["role"], party_member=party)
        require_fitting(role, unit.kind)
    except Problem as problem:
        return None, [LineError(row.line, "role", problem.detail)]
    return Placed(row["staff_number"], row["name"], party, unit, role, row.line), []


async def put_members(work: Work, placed: Sequence[Placed]) -> MembersReport:
    """Have these members in these posts from today where they are not yet. A member who has left is a mistake of the line."""
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(ORGANIZATION.bytes[8:], "big", signed=True))))
    report, today = MembersReport(), local_day(work.now)
    numbers = {one.staff_number for one in placed}
    there = {one.staff_number: one for one in await work.session.scalars(select(Member).where(Member.staff_number.in_(numbers)))}
    gone = {number for number, one in there.items() if one.left_on is not None and one.left_on <= today}
    report.errors = [LineError(one.line, "staff_number", "this member has left") for one in placed if one.staff_number in gone]
    staying = [one for one in placed if one.staff_number not in gone]
    ids, fresh, changed = _members(work, staying, there)
    held = await _held(work, list(ids.values()))
    posts = [one for one in staying if (ids[one.staff_number], one.unit.id, one.role) not in held]
    await insert_many(work.session, Member, fresh)
    await insert_many(work.session, Post, [_post(work, ids[one.staff_number], one) for one in posts])
    given = {ids[one.staff_number] for one in posts}
    versions = {one.id: one.version for one in there.values() if one.id in given and one.id not in changed}
    rows = [*changed.values(), *({"id": one, "version": version + 1} for one, version in versions.items())]
    await update_many(work.session, Member, rows)
    report.added, report.changed, report.posts = len(fresh), len(changed), len(posts)
    touched = {row["id"] for row in fresh} | set(changed) | given
    report.unchanged = sum(ids[one.staff_number] not in touched for one in staying)
    if touched:
        told = {"added": report.added, "changed": report.changed, "posts": report.posts}
        await note(work, "organization", ORGANIZATION, "organization.members_loaded", told)
    return report


def _members(work: Work, placed: Sequence[Placed], there: dict[str | None, Member]) -> tuple[dict[str, UUID], list[Row], dict[UUID, Row]]:
    ids: dict[str, UUID] = {}
    fresh: list[Row] = []
    changed: dict[UUID, Row] = {}
    for one in placed:
        known = there.get(one.staff_number)
        if known is None and one.staff_number not in ids:
            ids[one.staff_number] = member_id = new_id()
            told = {"id": member_id, "staff_number": one.staff_number, "name": one.name, "party_member": one.party_member}
            fresh.append({**told, "left_on": None, "version": 1, "created_at": work.now, "updated_at": work.now})
        elif known is not None:
            ids[one.staff_number] = known.id
            if (known.name, known.party_member) != (one.name, one.party_member):
                version = known.version + 1
                told = {"id": known.id, "name": one.name, "party_member": one.party_member}
                changed[known.id] = {**told, "version": version, "updated_at": work.now}
    return ids, fresh, changed


async def _held(work: Work, member_ids: Sequence[UUID]) -> set[tuple[UUID, UUID, str]]:
    today = local_day(work.now)
    in_force = or_(Post.valid_to.is_(None), Post.valid_to > today)
    query = select(Post.member_id, Post.unit_id, Post.role).where(one_of(Post.member_id, member_ids), in_force)
    return {(row.member_id, row.unit_id, row.role) for row in await work.session.execute(query)}


def _post(work: Work, member_id: UUID, one: Placed) -> Row:
    return {
        "id": new_id(), "member_id": member_id, "unit_id": one.unit.id, "role": one.role, "valid_from": local_day(work.now),
        "valid_to": None, "created_at": work.now,
    }  # fmt: skip
