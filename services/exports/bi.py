"""Readers of the views ``bi_…``: database roles for analysts' own tools, each with an area; and the print of the metrics for them.

A role of ours begins with ``bi_``, may sign in, reads the views and nothing else, and sees in them the rows of its area. Its password is
made here, shown once and kept nowhere; PostgreSQL gets its SCRAM verifier only, so that no log of statements can hold it.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from services.exports.models import BiMetric, BiReader
from services.organization.queries import unit_tree
from services.platform.actor import SYSTEM
from services.platform.errors import Conflict, Invalid, NotFound
from services.platform.unit_of_work import Work, unit_of_work
from services.reports.metrics import METRICS

OF_ALL = "bi_all_tickets"
"""Granted only to whose area is everything: its plans tell how many rows are expected where, which others must not learn."""
VIEWS = ("bi_tickets", "bi_daily", "bi_units", "bi_categories", "bi_channels", "bi_metrics")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TIERS = ("city", "county", "township", "village")
_ROUNDS = 4096
_LIMITS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "Asia/Shanghai",
}


@dataclass(frozen=True, slots=True, repr=False)
class Granted:
    """A role that was made: what to sign in with, once. No `repr`, so that the password slips into no log."""

    role: str
    password: str
    area: str


async def grant_reader(work: Work, name: str, unit_code: str) -> Granted:
    """Make the role ``bi_<name>`` for the area of a unit; return it with its password in clear. `work` must be the owner's.

    Raises Invalid ``bi_reader.name``, NotFound ``unit.unknown``, Invalid ``bi_reader.no_area`` and Conflict ``bi_reader.exists``.
    """
    role = role_of(name)
    tree = await unit_tree(work.session)
    unit = tree.by_code.get(unit_code)
    if unit is None:
        raise NotFound("unit.unknown", f"There is no unit with the code {unit_code}.")
    if unit.kind not in _TIERS:
        raise Invalid("bi_reader.no_area", "Daily sums are kept down to villages: give a county, township or village.")
    if await work.session.scalar(select(text("1")).select_from(text("pg_roles")).where(text("rolname = :role")), {"role": role}):
        raise Conflict("bi_reader.exists", f"There is a role {role} already; revoke it first, or take another name.")
    password = secrets.token_urlsafe(24)
    await _run(work, f"CREATE ROLE {role} LOGIN NOINHERIT CONNECTION LIMIT 5 PASSWORD '{scram_verifier(password)}'")
    for setting, value in _LIMITS.items():
        await _run(work, f"ALTER ROLE {role} SET {setting} = '{value}'")
    schema = await work.session.scalar(text("SELECT quote_ident(current_schema())"))
    await _run(work, f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    everything = all(other.path.startswith(unit.path) for other in tree.by_code.values())
    await _run(work, f"GRANT SELECT ON {', '.join((*VIEWS, OF_ALL) if everything else VIEWS)} TO {role}")
    await work.session.execute(insert(BiReader).values(role_name=role, area_path=unit.path, granted_at=work.now))
    return Granted(role, password, unit.path)


async def revoke_reader(work: Work, name: str) -> str:
    """End the role ``bi_<name>``: its sessions, its rights and itself; return its name. Raises NotFound ``bi_reader.unknown``."""
    role = role_of(name)
    known = await work.session.execute(delete(BiReader).where(BiReader.role_name == role).returning(BiReader.role_name))
    if not known.all():
        raise NotFound("bi_reader.unknown", f"There is no reader {role}.")
    await _run(work, f"ALTER ROLE {role} NOLOGIN")
    await work.session.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :role"), {"role": role})
    await _run(work, f"DROP OWNED BY {role}")
    await _run(work, f"DROP ROLE {role}")
    return role


async def print_metrics() -> None:
    """Have ``bi_metrics`` say what the registry says."""
    rows = [_definition(metric) for metric in METRICS.values()]
    statement = insert(BiMetric).values(rows)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "metric"}
    async with unit_of_work(SYSTEM) as work:
        await work.session.execute(statement.on_conflict_do_update(index_elements=["metric"], set_=changed))
        await work.session.execute(delete(BiMetric).where(BiMetric.metric.not_in([row["metric"] for row in rows])))


def role_of(name: str) -> str:
    """Return the role of the reader `name`; raise Invalid ``bi_reader.name`` for what could be no role's name."""
    if not _NAME.fullmatch(name):
        raise Invalid("bi_reader.name", "A reader's name is of a-z, 0-9 and _, begins with a letter and has at most 40 characters.")
    return f"bi_{name}"


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """Return what PostgreSQL keeps of an ASCII password (RFC 5803), so that it need not be told it."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ROUNDS}:{_base64(salt)}${_base64(stored)}:{_base64(server)}"


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


async def _run(work: Work, statement: str) -> None:
    """Run a statement that takes no parameters; names and verifiers in it are of our own making."""
    await (await work.session.connection()).exec_driver_sql(statement)


def _definition(metric: Any) -> dict[str, str]:
    return {
        "metric": metric.key,
        "name": metric.name,
        "english": metric.english,
        "numerator": metric.numerator_words,
        "denominator": metric.denominator_words or "",
        "period": metric.period_words,
        "source": metric.source,
        "note": metric.note,
    }
