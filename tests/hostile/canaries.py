"""Values nobody else would say, how they may be spelt where they lie, and the only columns that may hold what colleagues wrote."""

import base64
from collections.abc import Iterator
from urllib.parse import quote

NAME, AGENT = "欧阳金丝雀", "上官百灵"
PHONE, AGENT_PHONE, CALLER = "13877665544", "13866554433", "13855443322"
OPENID, USERID, DEVICE = "oKanarienvogel0000000000001", "KanarienUserid01", "kanarien-device-0815"
EMAIL = "kanarienvogel@example.org"
HOME = "画眉路十八号二楼"
ID_NUMBER, AGENT_ID_NUMBER = "441624199001011236", "44162419850202345X"
FILE_NAME = "杜鹃身份证.png"
URL_SECRET = "kanarienschluessel0815"
WORDS, PLACE = f"七彩鹦哥在井盖旁唱歌，身份证{ID_NUMBER}", "鹦哥巷第三口井"
WORDS_OF_THEMSELVES = f"我是{NAME}，电话{PHONE}，{WORDS}"
"""Who it is stands in the very words."""
NOTE = "黄鹂批注某某家"

WRITTEN_PHONE, WRITTEN_ID_NUMBER, WRITTEN_CARD = "13844337766", "441624198807145239", "6222022012345678901"
WRITTEN_NAME, WRITTEN_CODE = "白鹭翩翩", "13844330011"

CONTACT = (NAME, AGENT, PHONE, AGENT_PHONE, CALLER, OPENID, USERID, DEVICE, EMAIL, HOME, AGENT_ID_NUMBER, FILE_NAME)
"""Who somebody is: sealed, and nowhere else."""
SAID = ("七彩鹦哥", ID_NUMBER, "鹦哥巷")
"""What somebody told: sealed like who they are."""
EVERYTHING = (*CONTACT, *SAID)
WRITTEN_NUMBERS = (WRITTEN_PHONE, WRITTEN_ID_NUMBER, WRITTEN_CARD)
"""Of a person, in whatever field colleagues write into: see test_free_text.py."""

MAY_HOLD_NOTES = {("call_notes", "words"), ("work_logs", "words"), ("directives", "words"), ("events", "data")}
"""Where colleagues' words are kept as they were written, without numbers of people; an event says why somebody did something."""
MAY_HOLD_ADDRESSES = {("webhook_subscriptions", "url"), ("connections", "options")}
"""Where addresses of other systems are kept, which may have a key in them; administrators see them."""
MAY_HOLD_WRITTEN_NUMBERS = {
    ("complaints", "channel_message_id"),
    ("platform_orders", "order_no"),
    ("policies", "definition"),
}
"""Where a number may stand that somebody wrote: in rules, in names other systems give."""
MAY_HOLD_WRITTEN_NAMES = {
    ("api_keys", "name"),
    ("assessment_appeals", "words"),
    ("assessment_runs", "withdrawn_because"),
    ("assets", "name"),
    ("assignments", "task"),
    ("assignments", "why"),
    ("bulletin_drafts", "document"),
    ("bulletin_drafts", "reason"),
    ("bulletin_drafts", "words"),
    ("bulletins", "document"),
    ("bulletins", "reason"),
    ("call_drafts", "discarded_because"),
    ("catalogue_rows", "note"),
    ("connections", "options"),
    ("contact_reveals", "purpose"),
    ("declared_totals", "basis"),
    ("deliberation_meetings", "decision"),
    ("deliberation_meetings", "place"),
    ("deliberations", "title"),
    ("draws", "words"),
    ("early_warnings", "acknowledged_words"),
    ("help_steps", "goods"),
    ("legal_holds", "words"),
    ("matter_blockers", "ended_words"),
    ("matter_blockers", "words"),
    ("matter_certificates", "content"),
    ("matter_completions", "words"),
    ("matter_entries", "words"),
    ("matter_notices", "words"),
    ("matter_objections", "decision"),
    ("matter_reasons", "words"),
    ("matter_rounds", "words"),
    ("matter_sites", "name"),
    ("matter_tasks", "title"),
    ("matters", "because"),
    ("matters", "title"),
    ("members", "name"),
    ("milestones", "title"),
    ("person_requests", "words"),
    ("policies", "note"),
    ("problem_villages", "because"),
    ("problem_villages", "ended_because"),
    ("programmes", "because"),
    ("programmes", "name"),
    ("saved_reports", "name"),
    ("service_day_moves", "because"),
    ("service_day_rules", "because"),
    ("webhook_subscriptions", "entitled_because"),
    ("webhook_subscriptions", "name"),
    ("year_end_dossiers", "document"),
    ("year_end_dossiers", "reason"),
}
"""Where colleagues' own words lie that may name somebody: a name cannot be told from other words; numbers are refused there."""


_TELLING = 8
"""Fewer characters of base 64 may be there by chance."""


def spellings(canary: str) -> Iterator[bytes]:
    """How a text may lie somewhere: as it is, escaped for JSON, in an address, as hexadecimal, in base 64 wherever it begins."""
    raw = canary.encode()
    yield raw
    yield canary.encode("unicode_escape")
    yield quote(canary).encode()
    yield raw.hex().encode()
    for before in range(3):
        inside = base64.b64encode(b"\0" * before + raw)[4 * (before > 0) : -4]
        if len(inside) >= _TELLING:
            yield inside


def found_in(content: bytes, canaries: tuple[str, ...]) -> list[str]:
    """Which of `canaries` are in `content`."""
    return [canary for canary in canaries if any(spelling in content for spelling in spellings(canary))]
