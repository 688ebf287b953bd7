"""How long what is kept of people is kept, column by column, and the instants those terms are reckoned by.

Every column that holds something sealed, a keyed mark, a file or words of whoever complained is in one of these tables, or a test fails.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, func, literal
from sqlalchemy.orm import aliased

from services.platform.unit_of_work import Work
from services.tickets.models import Ticket

WITH_ITS_MATTER: Mapping[tuple[str, str], str] = {
    ("complainants", "row_key"): "contact",
    ("complainants", "sealed"): "contact",
    ("complainants", "phone_index"): "contact",
    ("complainants", "openid_index"): "contact",
    **{(table, column): "contact" for table in ("messages", "phone_tasks") for column in ("words", "row_key", "sealed_words")},
    ("device_marks", "mark"): "contact",
    ("conversations", "openid_index"): "conversations",
    ("wechat_media", "sha256"): "conversations",
    ("attachments", "sha256"): "files",
    ("attachments", "store_key"): "files",
    ("uploads", "sealed_metadata"): "files",
    ("picture_facts", "likeness"): "files",
    ("public_copies", "original_sha256"): "files",
    ("public_copies", "sha256"): "files",
    **{
        (table, column): "words"
        for table in ("complaints", "supplements", "rewordings", "call_backs")
        for column in ("words", "row_key", "sealed_words")
    },
    **{(table, column): "words" for table in ("complaints", "supplements") for column in ("place_words", "sealed_place")},
}
"""Column → the kind of personal data it is erased with (`erasing.py`). Recordings are attachments of calls."""

BY_THEMSELVES: Mapping[tuple[str, str], str] = {
    ("sealed_papers", "row_key"): "each kind as `owners.py` says",
    ("sealed_papers", "sealed"): "each kind as `owners.py` says",
    ("sealed_papers", "phone_index"): "each kind as `owners.py` says",
    ("sealed_papers", "openid_index"): "each kind as `owners.py` says",
    ("upload_parts", "store_key"): "hours after the last byte: the duty `uploads`",
    ("exports", "store_key"): "days: the duty `expire_exports`",
    ("exports", "scope"): "days: the duty `expire_exports`",
    ("erased_files", "store_key"): "until it is dropped: the duty `erase`",
    ("loose_files", "store_key"): "until it is dropped: the duty `erase`",
    ("seen_pushes", "nonce"): "an hour: the duty `purge`",
    ("seen_pushes", "content"): "an hour: the duty `purge`",
    ("idempotency_keys", "fingerprint"): "72 hours: the duty `purge`",
    ("unknown_logins", "login_index"): "a day: the duty `purge`",
    ("sessions", "device"): "a month after its time was over: the duty `purge`",
    ("sessions", "refresh_hash"): "a month after its time was over: the duty `purge`",
    ("sessions", "previous_hash"): "a month after its time was over: the duty `purge`",
    ("shift_positions", "lat"): "hours: the duty `positions`",
    ("shift_positions", "lon"): "hours: the duty `positions`",
}
"""Column → when and by what it goes without anybody asking."""

WHEN_ASKED: Mapping[tuple[str, str], str] = {
    ("wechat_people", "openid_index"): "`erase --phone --linked`: whoever can be written to on WeChat",
    ("wechat_failures", "openid_index"): "`erase --phone --linked`",
    ("activities", "household"): "a keyed reference: it tells equality and no more; words of the ledger by passage",
    ("activities", "fingerprint"): "keyed: it tells the same entry again",
    ("visits", "fingerprint"): "keyed: it tells the same visit again",
    ("service_steps", "fingerprint"): "keyed: it tells the same step again",
    ("helped_persons", "person"): "a keyed reference: it tells equality and no more",
    ("help_items", "fingerprint"): "keyed: it tells the same item again",
    ("help_steps", "fingerprint"): "keyed: it tells the same step again",
    ("help_codes", "words_hash"): "a digest of how help ended: which end a code is for",
    ("help_closings", "fingerprint"): "keyed: it tells the same closing again",
    ("mediations", "fingerprint"): "keyed: it tells the same mediation again",
    ("mediation_sessions", "fingerprint"): "keyed: it tells the same session again",
    ("mediation_endings", "fingerprint"): "keyed: it tells the same ending again",
    ("mediation_follow_ups", "fingerprint"): "keyed: it tells the same follow-up again",
    ("deliberations", "fingerprint"): "keyed: it tells the same proposal again",
    ("deliberation_meetings", "fingerprint"): "keyed: it tells the same meeting again",
    ("opinions", "fingerprint"): "keyed: it tells the same opinion again",
    ("opinion_wordings", "fingerprint"): "keyed: it tells the same wording again",
    ("opinion_wordings", "words_hash"): "a digest of words, which the villager signs: it tells whether words that are tried were said",
    ("opinion_codes", "words_hash"): "a digest of words: which ones a code is for",
    ("opinion_confirmations", "fingerprint"): "keyed: it tells the same confirmation again",
    ("opinion_confirmations", "words_hash"): "a digest of words: which ones were confirmed",
    ("opinion_outcomes", "fingerprint"): "keyed: it tells the same outcome again",
    ("matter_objections", "fingerprint"): "keyed: it tells the same objection again",
    ("households", "reference"): "a keyed reference: what names the household is its paper",
    ("households", "fingerprint"): "keyed: it tells whether a line says anything new",
    ("call_events", "fingerprint"): "keyed: it tells the same event again",
    ("open311_requests", "repeat_key"): "keyed: it tells the same request again",
    ("open311_requests", "fingerprint"): "keyed: it tells the same request again",
    ("platform_pushes", "content_index"): "keyed: it tells the same push again",
    ("field_commands", "fingerprint"): "tells the same command again; a digest of a UUID made at random with all it says",
}
"""Keyed marks that stay: without the installation's secret they tell nothing, and with it only whether a value that is tried was there."""

OF_NOBODY: Mapping[tuple[str, str], str] = {
    **{
        (table, column): "proofs of the history: ids, kinds and counts"
        for table, columns in {
            "anchors": ("root", "log_root", "previous", "signature"),
            "anchor_blocks": ("hash",),
            "anchor_keys": ("public_key",),
            "anchored_heads": ("hash",),
            "events": ("previous_hash", "hash"),
            "tickets": ("chain_head",),
        }.items()
        for column in columns
    },
    **{
        (table, column): "keys and secrets of programs and of accounts: they go with them"
        for table, columns in {
            "api_keys": ("digest", "signing_secret"),
            "connections": ("secret", "key_hash", "previous_secret", "previous_key_hash"),
            "webhook_subscriptions": ("secret", "previous_secret"),
            "second_factors": ("secret",),
            "recovery_codes": ("code_hash",),
            "wechat_tokens": ("sealed",),
            "wecom_bindings": ("userid_index",),
            "stopped_endpoints": ("fingerprint",),
            "key_folder": ("fingerprint",),
        }.items()
        for column in columns
    },
    ("year_end_dossiers", "document"): "names the cadres who were questioned, and no villager: kept as it was frozen",
    ("year_end_dossiers", "hash"): "of that document",
    **{
        (table, column): "documents and sums without anybody in them: names in them are refused or are offices'"
        for table, columns in {
            "bulletins": ("document", "hash"),
            "bulletin_drafts": ("document", "hash"),
            "assessment_runs": ("content_hash",),
            "draws": ("seed_hash", "sealed_seed", "seed", "candidates_hash"),
            "exports": ("sha256",),
            "exchange_files": ("head",),
            "matter_certificates": ("content", "signature"),
        }.items()
        for column in columns
    },
}
"""Columns of bytes that hold nothing of a complainant."""


def before(work: Work, months: int) -> ColumnElement[datetime]:
    """The instant `months` calendar months before now."""
    return literal(work.now, DateTime(timezone=True)) - func.make_interval(0, months)


def merged_into() -> Any:
    """Another ticket, which one was merged into, for joining."""
    return aliased(Ticket)


def ended_at(into: Any) -> ColumnElement[datetime]:
    """When a matter ended: of one that was merged, the end of where it went on."""
    return func.coalesce(into.closed_at, into.updated_at, Ticket.closed_at, Ticket.updated_at)
