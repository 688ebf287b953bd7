"""Which new passwords are refused. Pure; nothing is asked of anybody outside.

NIST SP 800-63B in short: a minimum length, no rules of composition, and a refusal of what attackers try first.
"""

import re
import unicodedata

SHORTEST_PASSWORD = 8
_FEWEST_DIFFERENT = 4
_SHORTEST_NUMBER = 14
_SHORTEST_PART = 3
_RUN = 6

_COMMON = frozenset(  # one word beside the other, not one in each line
    """
    password passw0rd p@ssw0rd p@ssword pa55word admin administrator root guest test tester welcome letmein login master superman batman
    iloveyou sunshine princess dragon monkey football baseball shadow michael jordan qwerty qwertyuiop qwert asdfgh asdfghjkl zxcvbn zxcvbnm
    qazwsx qazwsxedc qazxsw qweasd qweasdzxc zaqwsx abc abcd abcdef abcdefg abcabc aaa aaaa aa asd qwe zxc zaq a q w s x
    woaini woaini1314 woaiwojia woaizuguo nihao zhongguo china beijing guangdong heyuan heping hepingxian heyuanshi daguanjia guanjia
    wangge wanggeyuan cunzhishu zhengfu xinfang zhongguogongchandang gongchandang dangyuan mima mimamima denglu guanliyuan
    changeme secret default temp temporary user hello whatever trustno iloveyou1314 love loveyou computer internet samsung huawei xiaomi
    wechat weixin alipay taobao baidu tencent qq admin888 wang li zhang liu chen yang huang zhao
    """.split()  # noqa: SIM905  read as words
)
_NUMBERS = ("0123456789", "1234567890", "147258369", "520131452013145201314", "1314520", "7758521", "5201314", "112233445566778899")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb", "qazwsxedcrfvtgbyhnujm", *_NUMBERS)
_SPELT = str.maketrans("@$!013457", "asioieast")

REFUSED = {
    "too_short": f"A password has at least {SHORTEST_PASSWORD} characters.",
    "common": "This is one of the passwords that are tried first; choose another.",
    "number": "Digits alone are tried first (birthdays, telephone numbers); add words.",
    "repeats": "The same few characters, or a run of keys, are tried first; choose another.",
    "own_name": "A password must not hold your login or your name.",
    "same": "The new password must not be the old one.",
}
"""Why a password is refused: the last part of its code, and a sentence."""


def fault_of(password: str, login: str, name: str, old: str | None = None) -> str | None:
    """Return why `password` is refused for whoever signs in as `login` and is called `name`; None where it is not."""
    if len(password) < SHORTEST_PASSWORD:
        return "too_short"
    if old is not None and password == old:
        return "same"
    folded = unicodedata.normalize("NFKC", password).casefold()
    if _holds(folded, login.casefold()) or _holds(folded, unicodedata.normalize("NFKC", name).casefold()):
        return "own_name"
    if folded.isdecimal() and len(folded) < _SHORTEST_NUMBER:
        return "number"
    if len(set(folded)) < _FEWEST_DIFFERENT or _is_a_run(folded):
        return "repeats"
    return "common" if _is_common(folded) else None


def _holds(folded: str, part: str) -> bool:
    """Tell whether the password is little more than `part`: a login of two letters occurs in many good passwords."""
    least = 2 if not part.isascii() else _SHORTEST_PART
    return len(part) >= least and part in folded


def _is_a_run(folded: str) -> bool:
    """Tell whether it is made of one run of keys, forwards or backwards, with little beside it."""
    rows = [row for one in _ROWS for row in (one, one[::-1])]
    longest = max((length for row in rows for length in range(_RUN, len(folded) + 1) if _occurs(folded, row, length)), default=0)
    return len(folded) - longest < _SHORTEST_PART and longest > 0


def _occurs(folded: str, row: str, length: int) -> bool:
    return any(folded[start : start + length] in row for start in range(len(folded) - length + 1))


def _is_common(folded: str) -> bool:
    """Tell whether it is a word everybody tries, with digits or signs before or after it, or spelt with digits for letters."""
    spelt = folded.translate(_SPELT)
    bare = {re.sub(r"^[\W\d_]+|[\W\d_]+$", "", form) for form in (folded, spelt)} | {re.sub(r"[\W_]+$", "", spelt)}
    return bool(bare & _COMMON)
