"""帮扶、调解、议事: help items, mediations and deliberations, and the rules of votes as a kind of policy."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0096"
down_revision = "0095"
branch_labels = None
depends_on = None

_POLICIES = "('calendar', 'ladder', 'catalogue', 'composite', 'assessment', 'retention', 'assistance')"
# Whoever closes an item does not witness that the household confirmed it; whoever wrote a meeting down does not publish it. By person.
_WITNESS = (
    "CREATE TRIGGER another_is_witness BEFORE INSERT ON help_closings FOR EACH ROW WHEN (NEW.witness_account_id IS NOT NULL)"
    " EXECUTE FUNCTION another_person('witness_account_id', 'by_account_id')"
)
_PUBLISHES = (
    "CREATE TRIGGER another_publishes BEFORE INSERT OR UPDATE OF published_by_account_id ON deliberation_meetings"
    " FOR EACH ROW WHEN (NEW.published_by_account_id IS NOT NULL)"
    " EXECUTE FUNCTION another_person('published_by_account_id', 'recorded_by_account_id')"
)
_REASONS = (
    "withdrawn_because IN ('typing_error', 'recorded_twice', 'did_not_happen', 'wrong_place', 'wrong_person', 'wrong_amount', 'other')"
)
_WITH_REASON = "(withdrawn_at IS NULL) = (withdrawn_because IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_by_account_id IS NULL)"
_ID, _TEXT, _DAY, _AT, _BYTES = sa.Uuid(), sa.Text(), sa.Date(), sa.DateTime(timezone=True), sa.LargeBinary()
_COUNT, _FEN = sa.Integer(), sa.BigInteger()
_COMMANDS = (
    "('report', 'supplement', 'reword', 'action', 'shift', 'service_step', 'visit', 'visit_completion', 'opinion', 'confirmation',"
    " 'opinion_wording', 'opinion_outcome', 'help_step', 'mediation_session')"
)
_TAKEN_BACK = "withdrawn_at, withdrawn_because, withdrawn_by_account_id"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_policies_kind"), "policies")
    op.create_check_constraint(op.f("ck_policies_kind"), "policies", f"kind IN {_POLICIES}")
    for table, kinds in (("attachment_links", "'complaint', 'work_log', 'call'"), ("expected_files", "'complaint', 'work_log'")):
        op.drop_constraint(op.f(f"ck_{table}_subject_kind"), table)
        named = f"subject_kind IN ({kinds}, 'opinion', 'help_item', 'mediation')"
        op.create_check_constraint(op.f(f"ck_{table}_subject_kind"), table, named)
    op.drop_constraint(op.f("ck_field_commands_kind"), "field_commands")
    op.create_check_constraint(op.f("ck_field_commands_kind"), "field_commands", f"kind IN {_COMMANDS}")
    _help_items()
    _help_helpers()
    _help_steps()
    _help_codes()
    _help_closings()
    _mediations()
    _mediation_parties()
    _mediation_party_erasures()
    _mediation_sessions()
    _mediation_endings()
    _mediation_follow_ups()
    _mediation_reminders()
    _deliberations()
    _deliberation_meetings()
    op.execute(_WITNESS)
    op.execute(_PUBLISHES)
    # Everything here is only added to; what was wrong is taken back once, with a reason. Who the parties are is nobody's figure.
    once = "help_items, help_closings, mediations, mediation_sessions, mediation_follow_ups, deliberations"
    grant(once, intake="SELECT, INSERT")
    grant("mediation_parties, mediation_party_erasures", intake="SELECT, INSERT", reporting="")
    sent = "state, tries, next_try_at, sent_at, last_error"
    confirmed = "confirmed_at, confirmed_paper_id"
    grant("help_codes", intake=f"SELECT, INSERT, UPDATE (wrong, {confirmed})", worker=f"SELECT, UPDATE ({sent}, {confirmed})")
    grant("mediation_reminders", worker="SELECT, INSERT")
    grant("help_helpers", intake="SELECT, INSERT, UPDATE (ended_at)")
    grant("help_steps, mediation_endings", intake=f"SELECT, INSERT, UPDATE ({_TAKEN_BACK})")
    grant("deliberation_meetings", intake=f"SELECT, INSERT, UPDATE ({_TAKEN_BACK}, published_at, published_by_account_id)")


def _columns(kind: sa.types.TypeEngine[Any], *names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=nullable) for name in names]


def _recorded() -> list[sa.Column[Any]]:
    return [*_columns(_BYTES, "fingerprint"), *_columns(_AT, "recorded_at"), *_columns(_ID, "recorded_by_account_id")]


def _taken_back() -> list[sa.Column[Any]]:
    who, why = _columns(_ID, "withdrawn_by_account_id", nullable=True), _columns(_TEXT, "withdrawn_because", nullable=True)
    return [*_columns(_AT, "withdrawn_at", nullable=True), *why, *who]


def _checks(table: str, **checks: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}")) for name, condition in checks.items()]


def _to(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    """Return the foreign keys of a table's columns to the ids of other tables."""
    return [
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")) for column, other in columns.items()
    ]


def _help_items() -> None:
    op.create_table(
        "help_items",
        *_columns(_ID, "id", "household_id", "unit_id"),
        *_columns(_TEXT, "kind"),
        *_columns(_DAY, "started_on"),
        *_columns(_DAY, "due_on", nullable=True),
        *_columns(_FEN, "needed_fen", nullable=True),
        *_columns(_ID, "paper_id"),
        *_columns(_ID, "follows_id", nullable=True),
        *_recorded(),
        *_checks(
            "help_items",
            needed="needed_fen > 0",
            days="due_on >= started_on",
            kind="kind IN ('production', 'skills', 'employment', 'housing', 'medical', 'schooling', 'care', 'disaster', 'policy', 'other')",
        ),
        *_to(
            "help_items",
            household_id="households",
            unit_id="units",
            paper_id="sealed_papers",
            follows_id="help_items",
            recorded_by_account_id="accounts",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_items")),
    )
    op.create_index(op.f("ix_help_items_household_id"), "help_items", ["household_id"])
    op.create_index(op.f("ix_help_items_unit_id_id"), "help_items", ["unit_id", "id"])


def _help_helpers() -> None:
    op.create_table(
        "help_helpers",
        *_columns(_ID, "id", "item_id", "member_id"),
        *_columns(_AT, "since"),
        *_columns(_AT, "ended_at", nullable=True),
        *_to("help_helpers", item_id="help_items", member_id="members"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_helpers")),
    )
    op.create_index(op.f("ix_help_helpers_member_id"), "help_helpers", ["member_id"])
    op.create_index(
        "uq_help_helpers_now", "help_helpers", ["item_id", "member_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )


def _help_steps() -> None:
    op.create_table(
        "help_steps",
        *_columns(_ID, "id", "item_id"),
        *_columns(_TEXT, "kind"),
        *_columns(_DAY, "happened_on"),
        *_columns(_TEXT, "source", nullable=True),
        *_columns(_FEN, "amount_fen", nullable=True),
        *_columns(_TEXT, "goods", nullable=True),
        *_columns(_ID, "paper_id", "help_activity_id", nullable=True),
        *_recorded(),
        *_taken_back(),
        *_checks(
            "help_steps",
            amount="amount_fen > 0",
            given_is_no_money="kind <> 'given' OR (amount_fen IS NULL AND goods IS NULL)",
            kind="kind IN ('given', 'pledged', 'received', 'handed_over')",
            money_or_goods="kind = 'given' OR (amount_fen IS NULL) <> (goods IS NULL)",
            source="source IN ('finance', 'donation', 'members', 'collective', 'villagers', 'other')",
            source_of_money="(amount_fen IS NULL) = (source IS NULL)",
            withdrawn_because=_REASONS,
            withdrawn_with_reason=_WITH_REASON,
        ),
        *_to(
            "help_steps",
            item_id="help_items",
            paper_id="sealed_papers",
            help_activity_id="activities",
            recorded_by_account_id="accounts",
            withdrawn_by_account_id="accounts",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_steps")),
    )
    op.create_index(op.f("ix_help_steps_item_id_happened_on"), "help_steps", ["item_id", "happened_on"])


def _help_codes() -> None:
    table = "help_codes"
    op.create_table(
        table,
        *_columns(_ID, "id", "item_id"),
        *_columns(_TEXT, "way"),
        *_columns(_BYTES, "words_hash"),
        *_columns(_ID, "paper_id", nullable=True),
        *_columns(_TEXT, "state"),
        *(sa.Column(name, _COUNT, server_default=sa.text("0"), nullable=False) for name in ("tries", "wrong")),
        *_columns(_AT, "next_try_at"),
        *_columns(_AT, "sent_at", nullable=True),
        *_columns(_TEXT, "last_error", nullable=True),
        *_columns(_AT, "asked_at", "expires_at"),
        *_columns(_ID, "asked_by_account_id"),
        *_columns(_AT, "confirmed_at", nullable=True),
        *_columns(_ID, "confirmed_paper_id", nullable=True),
        *_checks(
            table,
            way="way IN ('wechat', 'sms_code')",
            state="state IN ('queued', 'sent', 'given_up', 'by_hand')",
            sent_somewhere="(way = 'sms_code') = (paper_id IS NOT NULL)",
            sent_by_us="(state = 'by_hand') = (way = 'wechat')",
            expires="expires_at > asked_at",
            wrong="wrong BETWEEN 0 AND 5",
            confirmed_by_wechat="(confirmed_at IS NULL) = (confirmed_paper_id IS NULL) AND (confirmed_at IS NULL OR way = 'wechat')",
        ),
        *_to(
            table,
            item_id="help_items",
            paper_id="sealed_papers",
            asked_by_account_id="accounts",
            confirmed_paper_id="sealed_papers",
        ),
        sa.UniqueConstraint("id", "item_id", "way", name=op.f(f"uq_{table}_id_item_id_way")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_help_codes_queued", table, ["next_try_at", "id"], postgresql_where=sa.text("state = 'queued'"))
    op.create_index(op.f("ix_help_codes_item_id_asked_at"), table, ["item_id", "asked_at"])
    op.create_index(op.f("ix_help_codes_paper_id"), table, ["paper_id"])
    op.create_index(op.f("ix_help_codes_confirmed_paper_id"), table, ["confirmed_paper_id"])


def _help_closings() -> None:
    op.create_table(
        "help_closings",
        *_columns(_ID, "item_id"),
        *_columns(_TEXT, "outcome"),
        *_columns(_DAY, "closed_on"),
        *_columns(_TEXT, "confirmation", nullable=True),
        *_columns(_ID, "attachment_id", "call_id", "witness_account_id", "code_id", nullable=True),
        *_columns(_TEXT, "unconfirmed_because", nullable=True),
        *_columns(_FEN, "money_left_fen"),
        *_columns(_ID, "paper_id", nullable=True),
        *_columns(_BYTES, "fingerprint"),
        *_columns(_AT, "recorded_at"),
        *_columns(_ID, "by_account_id"),
        *_checks(
            "help_closings",
            confirmation="confirmation IN ('signature', 'call_recording', 'wechat', 'sms_code', 'witness')",
            confirmed_or_why_not="(confirmation IS NULL) <> (unconfirmed_because IS NULL)",
            outcome="outcome IN ('achieved', 'partly', 'not_achieved', 'moved_away', 'declined')",
            proof="(confirmation IS NOT DISTINCT FROM 'signature') = (attachment_id IS NOT NULL) AND (confirmation IS NOT DISTINCT FROM 'call_recording') = (call_id IS NOT NULL) AND (confirmation IS NOT DISTINCT FROM 'witness') = (witness_account_id IS NOT NULL) AND (confirmation IS NOT NULL AND confirmation IN ('wechat', 'sms_code')) = (code_id IS NOT NULL)",
            unconfirmed_because="unconfirmed_because IN ('absent', 'refused', 'ill', 'moved_away', 'deceased')",
        ),
        *_to(
            "help_closings",
            item_id="help_items",
            attachment_id="attachments",
            call_id="calls",
            witness_account_id="accounts",
            paper_id="sealed_papers",
            by_account_id="accounts",
        ),
        sa.ForeignKeyConstraint(
            ["code_id", "item_id", "confirmation"],
            ["help_codes.id", "help_codes.item_id", "help_codes.way"],
            name="fk_help_closings_code",
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_help_closings")),
    )


def _mediations() -> None:
    op.create_table(
        "mediations",
        *_columns(_ID, "id", "unit_id"),
        *_columns(_TEXT, "kind"),
        *_columns(_ID, "mediator_member_id"),
        *_columns(_DAY, "opened_on"),
        *_columns(_ID, "ticket_id", "follows_id", nullable=True),
        *_columns(_ID, "paper_id"),
        *_recorded(),
        *_checks(
            "mediations",
            kind="kind IN ('land', 'water', 'neighbours', 'family', 'money', 'labour', 'damage', 'other')",
        ),
        *_to(
            "mediations",
            unit_id="units",
            mediator_member_id="members",
            ticket_id="tickets",
            follows_id="mediations",
            paper_id="sealed_papers",
            recorded_by_account_id="accounts",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediations")),
    )
    op.create_index(op.f("ix_mediations_mediator_member_id"), "mediations", ["mediator_member_id"])
    op.create_index(op.f("ix_mediations_ticket_id"), "mediations", ["ticket_id"])
    op.create_index(op.f("ix_mediations_unit_id_id"), "mediations", ["unit_id", "id"])


def _mediation_parties() -> None:
    op.create_table(
        "mediation_parties",
        *_columns(_ID, "mediation_id"),
        *_columns(_TEXT, "side"),
        *_columns(_ID, "paper_id"),
        *_checks(
            "mediation_parties",
            side="side IN ('a', 'b')",
        ),
        *_to("mediation_parties", mediation_id="mediations", paper_id="sealed_papers"),
        sa.PrimaryKeyConstraint("mediation_id", "side", name=op.f("pk_mediation_parties")),
    )
    op.create_index(op.f("ix_mediation_parties_paper_id"), "mediation_parties", ["paper_id"])


def _mediation_party_erasures() -> None:
    op.create_table(
        "mediation_party_erasures",
        *_columns(_ID, "mediation_id"),
        *_columns(_TEXT, "side", "because"),
        *_columns(_AT, "asked_at"),
        *_columns(_ID, "by_account_id"),
        *_checks(
            "mediation_party_erasures",
            because="because IN ('request', 'order', 'unlawful')",
        ),
        *_to("mediation_party_erasures", by_account_id="accounts"),
        sa.ForeignKeyConstraint(
            ["mediation_id", "side"],
            ["mediation_parties.mediation_id", "mediation_parties.side"],
            name=op.f("fk_mediation_party_erasures_mediation_id_side"),
        ),
        sa.PrimaryKeyConstraint("mediation_id", "side", name=op.f("pk_mediation_party_erasures")),
    )


def _mediation_sessions() -> None:
    op.create_table(
        "mediation_sessions",
        *_columns(_ID, "id", "mediation_id"),
        *_columns(_DAY, "held_on"),
        *_columns(_TEXT, "present"),
        *_columns(_ID, "paper_id"),
        *_recorded(),
        *_checks(
            "mediation_sessions",
            present="present IN ('both', 'a', 'b')",
        ),
        *_to("mediation_sessions", mediation_id="mediations", paper_id="sealed_papers", recorded_by_account_id="accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediation_sessions")),
    )
    op.create_index(op.f("ix_mediation_sessions_mediation_id_held_on"), "mediation_sessions", ["mediation_id", "held_on"])


def _mediation_endings() -> None:
    op.create_table(
        "mediation_endings",
        *_columns(_ID, "id", "mediation_id"),
        *_columns(_TEXT, "outcome"),
        *_columns(_DAY, "ended_on"),
        *_columns(_DAY, "follow_up_on", nullable=True),
        *_columns(_ID, "attachment_id", "paper_id", nullable=True),
        *_recorded(),
        *_taken_back(),
        *_checks(
            "mediation_endings",
            follow_up_on="follow_up_on > ended_on",
            followed_up="(outcome = 'settled') = (follow_up_on IS NOT NULL)",
            outcome="outcome IN ('settled', 'unsettled', 'withdrawn')",
            settled_in_writing="outcome <> 'settled' OR paper_id IS NOT NULL",
            withdrawn_because=_REASONS,
            withdrawn_with_reason=_WITH_REASON,
        ),
        *_to(
            "mediation_endings",
            mediation_id="mediations",
            attachment_id="attachments",
            paper_id="sealed_papers",
            recorded_by_account_id="accounts",
            withdrawn_by_account_id="accounts",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediation_endings")),
    )
    op.create_index(op.f("ix_mediation_endings_mediation_id"), "mediation_endings", ["mediation_id"])
    op.create_index(
        "uq_mediation_endings_now", "mediation_endings", ["mediation_id"], unique=True, postgresql_where=sa.text("withdrawn_at IS NULL")
    )


def _mediation_follow_ups() -> None:
    op.create_table(
        "mediation_follow_ups",
        *_columns(_ID, "id", "ending_id"),
        *_columns(_DAY, "held_on"),
        *_columns(_TEXT, "found"),
        *_columns(_ID, "paper_id", nullable=True),
        *_recorded(),
        *_checks(
            "mediation_follow_ups",
            found="found IN ('kept', 'partly', 'broken', 'unreachable')",
        ),
        *_to("mediation_follow_ups", ending_id="mediation_endings", paper_id="sealed_papers", recorded_by_account_id="accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mediation_follow_ups")),
    )
    op.create_index(op.f("ix_mediation_follow_ups_ending_id_held_on"), "mediation_follow_ups", ["ending_id", "held_on"])


def _mediation_reminders() -> None:
    table = "mediation_reminders"
    op.create_table(
        table,
        *_columns(_ID, "ending_id"),
        *_columns(_AT, "told_at"),
        *_to(table, ending_id="mediation_endings"),
        sa.PrimaryKeyConstraint("ending_id", name=op.f(f"pk_{table}")),
    )


def _deliberations() -> None:
    op.create_table(
        "deliberations",
        *_columns(_ID, "id", "unit_id"),
        *_columns(_TEXT, "title"),
        *_columns(_DAY, "proposed_on"),
        *_columns(_ID, "ticket_id", "matter_id", "paper_id", nullable=True),
        *_recorded(),
        *_to("deliberations", unit_id="units", ticket_id="tickets", paper_id="sealed_papers", recorded_by_account_id="accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliberations")),
    )
    op.create_index(op.f("ix_deliberations_matter_id"), "deliberations", ["matter_id"])
    op.create_index(op.f("ix_deliberations_ticket_id"), "deliberations", ["ticket_id"])
    op.create_index(op.f("ix_deliberations_unit_id_id"), "deliberations", ["unit_id", "id"])


def _deliberation_meetings() -> None:
    op.create_table(
        "deliberation_meetings",
        *_columns(_ID, "id", "deliberation_id"),
        *_columns(_TEXT, "form"),
        *_columns(_DAY, "held_on"),
        *_columns(_TEXT, "place"),
        *_columns(_COUNT, "eligible", "present", "votes_for", "votes_against", "abstained"),
        *_columns(_TEXT, "verdict"),
        *_columns(_TEXT, "decision", nullable=True),
        *_columns(_COUNT, "rules_version"),
        *_recorded(),
        *_columns(_AT, "published_at", nullable=True),
        *_columns(_ID, "published_by_account_id", nullable=True),
        *_taken_back(),
        *_checks(
            "deliberation_meetings",
            decision="(verdict = 'no_quorum') = (decision IS NULL)",
            form="form IN ('villagers', 'households', 'representatives', 'group', 'council')",
            present="present BETWEEN 1 AND eligible",
            published_by_somebody="(published_at IS NULL) = (published_by_account_id IS NULL)",
            verdict="verdict IN ('adopted', 'rejected', 'no_quorum')",
            votes="votes_for >= 0 AND votes_against >= 0 AND abstained >= 0",
            votes_add_up="votes_for + votes_against + abstained = present",
            withdrawn_because=_REASONS,
            withdrawn_with_reason=_WITH_REASON,
        ),
        *_to(
            "deliberation_meetings",
            deliberation_id="deliberations",
            recorded_by_account_id="accounts",
            published_by_account_id="accounts",
            withdrawn_by_account_id="accounts",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliberation_meetings")),
    )
    _meeting_indexes("deliberation_meetings", "deliberation_id")


def _meeting_indexes(table: str, of: str) -> None:
    op.create_index(op.f(f"ix_{table}_{of}_held_on"), table, [of, "held_on"])
    decided = sa.text("withdrawn_at IS NULL AND verdict <> 'no_quorum'")
    op.create_index("uq_deliberation_meetings_decided", table, [of], unique=True, postgresql_where=decided)
