"""Values nobody else would say, how they may be spelt where they lie, and the only columns that may hold a person's words."""

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
NOTE = "黄鹂批注某某家"

CONTACT = (NAME, AGENT, PHONE, AGENT_PHONE, CALLER, OPENID, USERID, DEVICE, EMAIL, HOME, AGENT_ID_NUMBER, FILE_NAME)
"""Who somebody is: sealed, and nowhere else."""
SAID = ("七彩鹦哥", ID_NUMBER, "鹦哥巷")
"""What somebody told: in the columns of `MAY_HOLD_WORDS`, verbatim, and nowhere else."""
EVERYTHING = (*CONTACT, *SAID)

MAY_HOLD_WORDS = {
    ("complaints", "words"),
    ("complaints", "place_words"),
    ("rewordings", "words"),
    ("supplements", "words"),
    ("supplements", "place_words"),
    ("call_backs", "words"),
}
"""Where a complainant's words are kept as they were said."""
MAY_HOLD_NOTES = {("call_notes", "words"), ("work_logs", "words"), ("directives", "words"), ("events", "data")}
"""Where colleagues' words are kept as they were written; an event says why somebody did something."""
MAY_HOLD_ADDRESSES = {("webhook_subscriptions", "url"), ("connections", "options")}
"""Where addresses of other systems are kept, which may have a key in them; administrators see them."""


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
