"""Nobody decides on their own request: each pair of who asked and who decided has a rule in the database, by person, or a reason."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import uuid4

import pytest
from asyncpg import CheckViolationError, InsufficientPrivilegeError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import migrations.rows  # noqa: F401  every row class
from services.platform.database import INTAKE, WORKER, Base, Database
from tests.platform.separation import ACROSS, ALONE, DECIDING, NO_RULE, RULES

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


def _accounts(table):
    """Return the columns of `table` that name who did something, but whose a row is (`account_id`, part of no pair)."""
    named = {fk.parent.name for fk in table.foreign_keys if fk.column.table.name == "accounts"}
    return sorted(named if "made_by_account_id" in named else named - {"account_id"})


def test_each_pair_of_who_asked_and_who_decided_has_a_rule_or_a_reason():
    found = {(table.name, *pair) for table in Base.metadata.tables.values() for pair in combinations(_accounts(table), 2)}
    listed = {(table, *sorted(pair)) for table, *pair in [*RULES, *NO_RULE]}
    assert found == listed, "a new column that names an account says who may not be the same person, or why they may"
    assert len(listed) == len(RULES) + len(NO_RULE)


def test_who_decides_alone_in_a_row_has_a_rule_or_a_reason_too():
    of_pairs = {(table, decided) for table, _asked, decided in RULES} | {(table, one) for table, *pair in NO_RULE for one in pair}
    found = {
        (table.name, column)
        for table in Base.metadata.tables.values()
        for column in _accounts(table)
        if column.startswith(DECIDING) and (table.name, column) not in of_pairs
    }
    assert found <= set(ACROSS) | set(ALONE)


async def test_every_rule_is_kept_by_a_trigger_of_the_database_that_no_role_can_lift(empty):
    kept = {(row["relname"], row["tgname"]) for row in await empty.fetch(
        "SELECT c.relname::text, t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT t.tgisinternal AND t.tgenabled = 'O'"
    )}  # fmt: skip
    wanted = {(table, name) for (table, *_pair), name in RULES.items()} | {(table, name) for (table, _by), name in ACROSS.items()}
    assert wanted <= kept
    for role in (INTAKE, WORKER):
        with pytest.raises(InsufficientPrivilegeError):
            await _as(empty, role, "ALTER TABLE extensions DISABLE TRIGGER another_decides")


async def test_functions_with_their_owners_rights_find_no_table_somebody_made_for_them(empty):
    paths = await empty.fetch("SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = current_schema()::regnamespace")
    assert {row["proname"] for row in paths} >= {"person_behind", "another_person", "correct_contact", "redact_words", "seal_words"}
    assert {tuple(row["proconfig"]) for row in paths} == {("search_path=public, pg_temp",)}
    forged = (
        "CREATE TEMP TABLE person_requests (id uuid, complaint_id uuid, kind text, state text)",
        f"INSERT INTO person_requests VALUES ('{uuid4()}', '{uuid4()}', 'correction', 'open')",
        "SELECT correct_contact((SELECT id FROM pg_temp.person_requests), 'a', 'b', 'c', NULL, NULL)",
    )
    with pytest.raises(InsufficientPrivilegeError, match="no correction is being decided"):
        await _as(empty, INTAKE, *forged)


async def _as(opened, role, *statements, **values):
    """Run statements in one transaction as a door's role; raise what the database says."""
    door = Database(opened.url, role)
    try:
        async with door.transaction() as session:
            for statement in statements:
                wanted = {name: value for name, value in values.items() if f":{name}" in statement}
                await session.execute(text(statement), wanted)
    except DBAPIError as refused:
        raise refused.orig.__cause__ from None
    finally:
        await door.close()


@pytest.fixture
async def people(county):
    """Two supervisors' accounts, a key that borrows from the first, a key with a seat of its own that the first made, and a ticket."""
    ids = {row["login"]: row["id"] for row in await county.fetch("SELECT login, id FROM accounts")}
    found = {"asker": ids["county"], "other": ids["pengzhai"], "third": ids["hotline"], "maker": ids["county"]}
    unit = await county.value("SELECT id FROM units WHERE parent_id IS NULL")
    for name, owner, role in (("lent", found["asker"], None), ("own_seat", None, "county_supervisor")):
        member, found[name] = uuid4(), uuid4()
        await county.owner.execute(
            "INSERT INTO members (id, name, party_member, created_at, updated_at) VALUES ($1, $2, false, $3, $3)", member, name, NOW
        )
        await county.owner.execute(
            "INSERT INTO accounts (id, login, password_hash, member_id, created_at) VALUES ($1, $2, 'x', $3, $4)",
            found[name],
            name,
            member,
            NOW,
        )
        await county.owner.execute(
            "INSERT INTO api_keys (id, account_id, name, owner_account_id, role, unit_id, actions, addresses, digest, made_by_account_id,"
            " created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, '[]', '[]', 'd', $7, $8, $9)",
            uuid4(), found[name], name, owner, role, unit if role else None, found["maker"], NOW, NOW + timedelta(days=30),
        )  # fmt: skip
    return found


_MATTER = (
    "INSERT INTO matters (id, unit_id, category_code, title, origin_on, tension, urgency, counted, because, determined_at,"
    " determined_by_account_id, state) SELECT {id}, id, 'water.canal', 'x', '2020-01-01', 1, 'normal', '{{}}', 'x', now(), :asker,"
    " 'determined' FROM units WHERE parent_id IS NULL"
)
CASES = {
    "matters": (
        _MATTER.format(id=":id"),
        "UPDATE matters SET state = 'declined', decided_at = now(), decision = 'x', decided_by_account_id = :decider WHERE id = :id",
        "determined_by_account_id",
    ),
    "matter_task_reports": (
        (
            f"WITH m AS ({_MATTER.format(id='gen_random_uuid()')} RETURNING id, unit_id, determined_by_account_id), t AS ("
            "INSERT INTO matter_tasks (id, matter_id, unit_id, title, due_on, recorded_at, recorded_by_account_id)"
            " SELECT gen_random_uuid(), id, unit_id, 'x', '2030-01-01', now(), determined_by_account_id FROM m"
            " RETURNING id, recorded_by_account_id)"
            " INSERT INTO matter_task_reports (id, task_id, done_on, words, done_by_account_id, recorded_at)"
            " SELECT :id, id, '2026-11-20', 'x', recorded_by_account_id, now() FROM t"
        ),
        "UPDATE matter_task_reports SET accepted = true, decided_at = now(), decided_by_account_id = :decider WHERE id = :id",
        "done_by_account_id",
    ),
    "extensions": (
        (
            "INSERT INTO extensions (id, ticket_id, round, stage, working_days, reason_code, words, requested_at, requested_by_account_id)"
            " SELECT :id, id, 1, 'resolve', 3, 'x', 'x', now(), :asker FROM tickets"
        ),
        "UPDATE extensions SET decided_at = now(), granted = true, decided_by_account_id = :decider WHERE id = :id",
        "requested_by_account_id",
    ),
    "suspensions": (
        (
            "INSERT INTO suspensions (id, ticket_id, round, working_days, reason_code, words, requested_at, requested_by_account_id)"
            " SELECT :id, id, 1, 3, 'x', 'x', now(), :asker FROM tickets"
        ),
        "UPDATE suspensions SET decided_at = now(), granted = true, decided_by_account_id = :decider WHERE id = :id",
        "requested_by_account_id",
    ),
    "legal_holds": (
        (
            "INSERT INTO legal_holds (id, ticket_id, reason, words, until, placed_at, placed_by_account_id)"
            " SELECT :id, id, 'audit', 'x', '2030-01-01', now(), :asker FROM tickets"
        ),
        "UPDATE legal_holds SET lifted_at = now(), lifted_by_account_id = :decider WHERE id = :id",
        "placed_by_account_id",
    ),
    "demand_exclusions": (
        (
            "INSERT INTO demand_exclusions (id, ticket_id, round, state, reason, words, proposed_at, proposed_by_account_id,"
            " proposed_by_unit_id)"
            " SELECT :id, t.id, 1, 'proposed', 'impossible', 'x', now(), :asker, t.desk_unit_id FROM tickets t"
        ),
        (
            "UPDATE demand_exclusions SET state = 'refused', decided_at = now(), decision = 'x', decided_by_account_id = :decider"
            " WHERE id = :id"
        ),
        "proposed_by_account_id",
    ),
    "policies": (
        (
            "INSERT INTO policies (id, kind, version, base, definition, drafted_at, drafted_by_account_id)"
            " VALUES (:id, 'ladder', 77, 0, '{}', now() - interval '1 hour', :asker)"
        ),
        "UPDATE policies SET activated_at = now(), effective_at = now(), activated_by_account_id = :decider WHERE id = :id",
        "drafted_by_account_id",
    ),
    "webhook_subscriptions": (
        (
            "INSERT INTO webhook_subscriptions (id, name, format, url, event_types, entitled, secret, active, since, busy_until, version,"
            " created_at, updated_at, set_by_account_id)"
            " VALUES (:id, 'x', 'standard', 'https://a.example', '[]', false, 's', true, now(), now(), 1, now(), now(), :asker)"
        ),
        "UPDATE webhook_subscriptions SET entitled = true, entitled_by_account_id = :decider WHERE id = :id",
        None,
    ),
    "assessment_runs": (
        (
            "INSERT INTO assessment_runs (id, scheme, name, subjects, first, last, state, asked_at, asked_by_account_id,"
            " policy_version, rules)"
            " VALUES (:id, 'x', 'x', 'units', '2026-10-01', '2026-10-31', 'published', now(), :asker, 1, '{}')"
        ),
        (
            "UPDATE assessment_runs SET state = 'final', content_hash = 'h', finalized_at = now(),"
            " finalized_by_account_id = :decider WHERE id = :id"
        ),
        "asked_by_account_id",
    ),
}


@pytest.fixture
async def ticket(county):
    """A ticket in its first round, as the database must have it to say anything of it."""
    ticket_id, water, root = uuid4(), *[await county.value(f"SELECT id FROM units WHERE {which}") for which in _UNITS]
    await county.owner.execute(
        "INSERT INTO tickets (id, number, status, version, chain_head, round, source, channel, urgency, privacy, area_path, received_at,"
        " recorded_at, updated_at, desk_unit_id, resolved_by_unit_id) VALUES ($1, '20261120-000001-1', 'answered', 1, 'h', 1, 'complaint',"
        " 'hotline', 'normal', 'normal', '/', $2, $2, $2, $3, $4)",
        ticket_id, NOW, root, water,
    )  # fmt: skip
    return ticket_id


_UNITS = ("code = '441624-D-SLJ'", "parent_id IS NULL")


async def test_whoever_asked_is_refused_as_themselves_and_behind_every_key(county, people, ticket):
    """By direct SQL as the door: the same account, a key that borrows from it, a key it made for a seat; in both directions."""
    same = ["asker", "lent", "own_seat"]
    for table, (ask, decide, asked) in CASES.items():
        for who in same:
            row = uuid4()
            await _as(county, INTAKE, ask, id=row, asker=people[who])
            for decider in same:
                with pytest.raises(CheckViolationError):
                    await _as(county, INTAKE, decide, id=row, decider=people[decider])
            if asked is not None:  # whoever asked cannot be exchanged for somebody else, to decide then
                with pytest.raises(InsufficientPrivilegeError):
                    await _as(county, INTAKE, f"UPDATE {table} SET {asked} = :decider WHERE id = :id", id=row, decider=people["third"])
            await _as(county, INTAKE, decide, id=row, decider=people["other"])
            await county.owner.execute(f"DELETE FROM {table} WHERE id = $1", row)


async def test_nobody_grants_without_a_name(county, people, ticket):
    for table in ("extensions", "suspensions"):
        ask, decide, _asked = CASES[table]
        row = uuid4()
        await _as(county, INTAKE, ask, id=row, asker=people["asker"])
        with pytest.raises(CheckViolationError):
            await _as(county, INTAKE, decide, id=row, decider=None)
    exclusion = uuid4()
    await _as(county, INTAKE, CASES["demand_exclusions"][0], id=exclusion, asker=people["asker"])
    with pytest.raises(CheckViolationError):
        await _as(county, INTAKE, CASES["demand_exclusions"][1], id=exclusion, decider=None)


async def test_whoever_worked_verifies_witnesses_reviews_and_closes_nothing_from_any_account(county, people, ticket):
    unit = await county.value("SELECT id FROM units WHERE code = '441624-D-SLJ'")
    await county.owner.execute(
        "INSERT INTO work_logs (id, ticket_id, round, kind, unit_id, account_id, words, happened_at, recorded_at)"
        " VALUES ($1, $2, 1, 'progress', $3, $4, 'x', $5, $5)",
        uuid4(), ticket, unit, people["lent"], NOW,
    )  # fmt: skip
    close = "UPDATE tickets SET status = 'closed', closed_at = now(), closed_by_account_id = :who WHERE id = :ticket"
    called = (
        "INSERT INTO call_backs (id, ticket_id, round, called_at, reached, way, by_account_id)"
        " VALUES (:id, :ticket, 1, now(), false, 'phone', :who)"
    )
    seen = (
        "INSERT INTO call_backs (id, ticket_id, round, called_at, reached, way, by_account_id, witness_account_id)"
        " VALUES (:id, :ticket, 1, now(), true, 'visit', :other, :who)"
    )
    for who in ("asker", "lent"):
        for deed in (close, called, seen):
            with pytest.raises(CheckViolationError):
                await _as(county, INTAKE, deed, id=uuid4(), ticket=ticket, who=people[who], other=people["other"])
    await _as(county, INTAKE, called, id=uuid4(), ticket=ticket, who=people["third"])
    await county.owner.execute("UPDATE tickets SET resolved_by_account_id = $1", people["lent"])
    await county.owner.execute("DELETE FROM work_logs")
    with pytest.raises(CheckViolationError):
        await _as(county, INTAKE, close, ticket=ticket, who=people["asker"])
    await _as(county, INTAKE, close, ticket=ticket, who=people["third"])


async def test_a_bulletin_is_published_as_it_was_drafted_and_by_nobody_who_had_a_hand_in_it(county, people):
    unit = await county.value("SELECT id FROM units WHERE parent_id IS NULL")
    draft = uuid4()
    same = "'month', '2026-10-01', '2026-10-31', 1, 'd', sha256('d')"
    await county.owner.execute(
        "INSERT INTO bulletin_drafts (id, unit_id, kind, first, last, edition, document, hash, decimals, words, version, made_at,"
        f" changed_at, authors) VALUES ($1, $2, {same}, 2, '{{}}', 1, now(), now(), ARRAY[$3]::uuid[])",
        draft, unit, people["lent"],
    )  # fmt: skip
    publish = (
        "INSERT INTO bulletins (id, number, unit_id, kind, first, last, edition, document, hash, public, published_at, authors,"
        f" published_by_account_id) VALUES (:draft, 'x', :unit, {same}, false, now(), ARRAY[:author]::uuid[], :who)"
    )
    given = {"draft": draft, "unit": unit, "author": people["lent"], "who": people["asker"]}
    with pytest.raises(CheckViolationError):
        await _as(county, INTAKE, publish, **given)
    with pytest.raises(CheckViolationError):  # another author in the place of the one who was
        await _as(county, INTAKE, publish, **{**given, "author": people["third"]})
    with pytest.raises(CheckViolationError):
        await _as(county, INTAKE, "UPDATE bulletin_drafts SET authors = ARRAY[:third]::uuid[]", third=people["third"])
    await _as(county, INTAKE, publish, **{**given, "who": people["other"]})


async def test_where_words_go_is_not_changed_under_a_right_that_was_given(county, people):
    ask, decide, _asked = CASES["webhook_subscriptions"]
    row = uuid4()
    await _as(county, INTAKE, ask, id=row, asker=people["asker"])
    await _as(county, INTAKE, decide, id=row, decider=people["other"])
    with pytest.raises(CheckViolationError):
        await _as(county, INTAKE, "UPDATE webhook_subscriptions SET url = 'https://b.example' WHERE id = :id", id=row)
    with pytest.raises(InsufficientPrivilegeError):
        await _as(county, WORKER, "UPDATE webhook_subscriptions SET url = 'https://b.example' WHERE id = :id", id=row)
    await _as(county, INTAKE, "UPDATE webhook_subscriptions SET url = 'https://b.example', entitled = false WHERE id = :id", id=row)


async def test_rules_that_never_were_in_force_do_not_come_back_under_that_name(county, people):
    ask, decide, _asked = CASES["policies"]
    drafted, again = uuid4(), uuid4()
    await _as(county, INTAKE, ask, id=drafted, asker=people["asker"])
    await _as(county, INTAKE, ask.replace("77", "78"), id=again, asker=people["asker"])
    await county.owner.execute("UPDATE policies SET reverts = 77 WHERE id = $1", again)
    with pytest.raises(CheckViolationError):
        await _as(county, INTAKE, decide, id=again, decider=people["asker"])
    await _as(county, INTAKE, decide, id=drafted, decider=people["other"])
    await _as(county, INTAKE, decide, id=again, decider=people["asker"])


async def test_nobody_names_themselves_to_act_for_somebody_from_any_account(county, people):
    who = {row["login"]: row["member_id"] for row in await county.fetch("SELECT login, member_id FROM accounts")}
    leave, holder = uuid4(), who["water"]
    await county.owner.execute(
        "INSERT INTO leaves (id, member_id, kind, valid_from, valid_to, over_on, entered_at)"
        " VALUES ($1, $2, 'sick', '2026-11-20', '2026-11-30', '2026-11-30', now())", leave, holder,
    )  # fmt: skip
    enter = (
        "INSERT INTO actings (id, leave_id, post_id, holder_id, deputy_id, valid_from, valid_to, over_on, entered_at,"
        " entered_by_account_id)"
        " SELECT gen_random_uuid(), :leave, p.id, :holder, :deputy, '2026-11-20', '2026-11-30', '2026-11-30', now(), :who"
        " FROM posts p WHERE p.member_id = :holder LIMIT 1"
    )
    given = {"leave": leave, "holder": holder, "deputy": who["county"]}
    for same in ("asker", "lent", "own_seat"):
        with pytest.raises(CheckViolationError, match="another_acts"):
            await _as(county, INTAKE, enter, **given, who=people[same])
    with pytest.raises(CheckViolationError, match="another_acts"):  # nor does a key name the seat it was given itself
        await _as(county, INTAKE, enter, **{**given, "deputy": who["own_seat"]}, who=people["own_seat"])
    await _as(county, INTAKE, enter, **given, who=people["other"])
    assert await county.value("SELECT count(*) FROM actings") == 1
    with pytest.raises(InsufficientPrivilegeError):  # and nobody is put in the deputy's place afterwards
        await _as(county, INTAKE, "UPDATE actings SET entered_by_account_id = :who", who=people["asker"])
