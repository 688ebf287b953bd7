"""How divisions are called: from the official name to the short ones people say.

The official lists write 广东省河源市和平县彭寨镇水口村村民委员会 or 太平村委会; people say 水口村, 水口, 太平村委.
Some short names are *certain*: they end in 村, 社区, 镇 … and can only be a place. Bare ones (水口, 彭寨, 和平) are *loose*: in a
sentence they may be an ordinary word.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

_VILLAGE_SUFFIXES = ("村民委员会", "村委会", "村委", "村")
_COMMUNITY_SUFFIXES = ("社区居民委员会", "社区居委会", "居民委员会", "社区居委", "居委会", "社区")
_TOWNSHIP_SUFFIXES = ("街道办事处", "民族乡", "街道", "镇", "乡")
_COUNTY_SUFFIXES = ("自治县", "县", "区", "市", "旗")
_GRID_SUFFIXES = ("村民小组", "自然村", "小组", "组", "屯", "队")
_ETHNIC = re.compile(r"(畲|瑶|回|壮|苗|侗|土家|满|蒙古|黎|彝)族$")
_NUMBERED_GRID = re.compile(r"第?([一二三四五六七八九十百零]+|[0-9]+)号?网格$")
_DIGITS = "零一二三四五六七八九"
_SHORTEST_LOOSE_NAME = 2
_LARGEST_NUMERAL = 999
_PROVINCE = re.compile(r"^.{2,3}?省")


@dataclass(frozen=True, slots=True)
class NameForms:
    """The ways to say a unit's name, without repetitions, longest first."""

    certain: tuple[str, ...]
    loose: tuple[str, ...]


def without_ancestors(name: str, parent_name: str | None) -> str:
    """An official name without the divisions above it: 广东省…彭寨镇水口村村民委员会 → 水口村村民委员会.

    Virtual communities (虚拟社区) keep their prefix: without it they would all be called the same.
    """
    if not parent_name or parent_name not in name:
        return name
    rest = name.split(parent_name, 1)[1]
    return name if not rest or rest.startswith("虚拟") else rest


def short_name(name: str, kind: str) -> str:
    """The name as it is said on a ticket: 水口村, 东山社区, 彭寨镇; other kinds keep their name."""
    if kind == "village":
        return _village_base(name)
    if kind == "community":
        stem = _stem(name, _COMMUNITY_SUFFIXES)
        return name if stem == name else f"{stem}社区"
    return name


def name_forms(name: str, kind: str) -> NameForms:
    """All forms of an official name for a unit of this kind."""
    certain, loose = _FORMS.get(kind, _as_it_is)(name)
    kept = {form for form in (name, *certain) if form}
    bare = {form for form in loose if len(form) >= _SHORTEST_LOOSE_NAME} - kept
    return NameForms(_longest_first(kept), _longest_first(bare))


def chinese_numeral(number: int) -> str:
    """1 → 一, 10 → 十, 21 → 二十一, 105 → 一百零五. Raises ``ValueError`` outside 1 to 999."""
    if not 1 <= number <= _LARGEST_NUMERAL:
        raise ValueError(f"only 1 to {_LARGEST_NUMERAL} have a name here, not {number}")
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    words = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        words += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        words += "零"
    return words + (_DIGITS[ones] if ones else "")


def _longest_first(forms: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _stem(name: str, suffixes: Iterable[str]) -> str:
    """The name without the first suffix it ends with; the name itself where nothing would be left."""
    for suffix in suffixes:
        if name.endswith(suffix) and name != suffix:
            return name.removesuffix(suffix)
    return name


def _village_base(name: str) -> str:
    """The name ending in one 村 of its own: 水口村村民委员会, 水口村委会 and 水口村 → 水口村; 霍村村委会 → 霍村."""
    stem = _stem(name, _VILLAGE_SUFFIXES)
    if stem == name:
        return name
    # 罗村村 is the village (村) called 罗村: only there does a bare 村 come off a name that still ends in 村
    return stem if stem.endswith("村") and not name.endswith("村村") else f"{stem}村"


def _village_forms(name: str) -> tuple[set[str], set[str]]:
    base = _village_base(name)
    if not base.endswith("村"):
        return {name}, set()
    stem = base.removesuffix("村")
    bases, loose = {base}, {stem}
    if stem.endswith("村"):
        bases.add(stem)  # 罗村村 is called 罗村 too
    if plain := _ETHNIC.sub("", stem):
        bases.add(f"{plain}村")  # 秀河畲族村 is called 秀河村
        loose.add(plain)
    certain = {b + end for b in bases for end in ("", "村民委员会", "民委员会", "村委会", "委会", "村委", "委")}
    return certain, loose - bases


def _community_forms(name: str) -> tuple[set[str], set[str]]:
    stem = _stem(name, _COMMUNITY_SUFFIXES)
    if stem == name:
        return {name}, set()
    return {stem + end for end in _COMMUNITY_SUFFIXES}, {stem}


def _township_forms(name: str) -> tuple[set[str], set[str]]:
    stem = _stem(name, _TOWNSHIP_SUFFIXES)
    if stem == name:
        return {_PROVINCE.sub("", name)}, set()
    return {name, name.removesuffix("办事处")}, {stem}


def _county_forms(name: str) -> tuple[set[str], set[str]]:
    stem = _stem(name, _COUNTY_SUFFIXES)
    return {name}, set() if stem == name else {stem}


def _grid_forms(name: str) -> tuple[set[str], set[str]]:
    if numbered := _NUMBERED_GRID.search(name):
        written = numbered.group(1)
        number = int(written) if written.isascii() else _number_of(written)
        if number is None or not 1 <= number <= _LARGEST_NUMERAL:
            return {name}, set()
        words = chinese_numeral(number)
        return {f"第{words}网格", f"第{number}网格", f"{number}号网格", f"{words}号网格"}, set()
    stem = _stem(name, _GRID_SUFFIXES)
    if stem == name:
        return {name}, set()
    return {stem + end for end in _GRID_SUFFIXES}, {stem}


def _number_of(words: str) -> int | None:
    """The number a Chinese numeral of this module stands for; None for other spellings."""
    return _numerals().get(words)


@cache
def _numerals() -> dict[str, int]:
    return {chinese_numeral(number): number for number in range(1, _LARGEST_NUMERAL + 1)}


def _as_it_is(name: str) -> tuple[set[str], set[str]]:
    return {name}, set()


_FORMS = {
    "village": _village_forms,
    "community": _community_forms,
    "township": _township_forms,
    "county": _county_forms,
    "city": _county_forms,
    "grid": _grid_forms,
}
