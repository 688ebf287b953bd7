"""Kinds of text that commands are made of: what a person may write, and what the database can keep.

PostgreSQL cannot store U+0000 and UTF-8 cannot carry a lone surrogate; both are refused at the door with a clear word instead of
failing later. Words are otherwise kept exactly as they came.
"""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

_MOBILE = r"(?:\+?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}){2}"
_CARD = re.compile(r"(?<![0-9])[3-9](?:[ -]?[0-9]){15,18}(?![0-9])")
_WRITTEN = ("words", "report", "outcome", "decision", "place", "task", "reason", "note", "answer")
"""Endings of keys under which stands what somebody wrote."""
_OF_A_PERSON = re.compile(rf"(?<![0-9])(?:{_MOBILE}|[0-9]{{17}}[0-9Xx])(?![0-9])")


def storable(text: str) -> str:
    """Return `text` unchanged; raise ValueError where it could not be stored."""
    if "\x00" in text:
        raise ValueError("must not contain U+0000")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("must not contain a lone surrogate") from None
    return text


def of_nobody(text: str) -> str:
    """Return `text` unchanged; raise ValueError where a mobile, identity or bank card's number stands in it, however it is spelt.

    For what colleagues write where many read it: a name cannot be told from other words, a number can.
    """
    folded = unicodedata.normalize("NFKC", text)
    if _OF_A_PERSON.search(folded) or any(_is_card(found[0]) for found in _CARD.finditer(folded)):
        raise ValueError("must not hold a mobile number, an identity number or a bank card's: name units and tickets, not people")
    return text


def numbers_of_people(text: str) -> list[tuple[int, int]]:
    """Return where in `text` mobile, identity and bank card's numbers stand, however they are spelt: from and to, in order."""
    folded = "".join([wide if len(wide := unicodedata.normalize("NFKC", one)) == 1 else one for one in text])
    found = [match.span() for match in _OF_A_PERSON.finditer(folded)]
    return sorted(found + [match.span() for match in _CARD.finditer(folded) if _is_card(match[0])])


def hidden(text: str) -> str:
    """Return `text` as it is shown: of each mobile, identity and bank card's number the first three signs and the last two are left."""
    whole: list[list[int]] = []
    for begin, end in numbers_of_people(text):
        if whole and begin < whole[-1][1]:
            whole[-1][1] = max(whole[-1][1], end)
        else:
            whole.append([begin, end])
    for begin, end in reversed(whole):
        text = f"{text[: begin + 3]}****{text[end - 2 :]}"
    return text


def hidden_in(data: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a deed as it is shown: numbers of people are hidden in all that somebody wrote, however deep it stands."""
    return {key: _shown_value(value, written=key.endswith(_WRITTEN)) for key, value in data.items()}


def _shown_value(value: Any, *, written: bool) -> Any:
    if isinstance(value, dict):
        return hidden_in(value)
    if isinstance(value, list):
        return [_shown_value(one, written=written) for one in value]
    return hidden(value) if written and isinstance(value, str) else value


def _is_card(spelt: str) -> bool:
    """Tell whether digits are a bank card's number: the last of them checks the others (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in reversed(spelt) if digit.isdigit()]
    doubled = (digit * 2 - 9 * (digit > 4) for digit in digits[1::2])  # noqa: PLR2004  two digits are added up
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000),
    AfterValidator(storable),
    AfterValidator(_not_blank),
    Field(description="Verbatim words, 1 to 4,000 characters; kept exactly as they came."),
]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable), AfterValidator(_not_blank)]
ShownData = Annotated[dict[str, Any], AfterValidator(hidden_in)]
ShownWords = Annotated[str, AfterValidator(hidden)]
"""What somebody wrote, as colleagues are shown it; what was written stays as it was."""
WordsOfNobody = Annotated[Words, AfterValidator(of_nobody)]
ShortTextOfNobody = Annotated[ShortText, AfterValidator(of_nobody)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Token = Annotated[
    str,
    StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$"),
    Field(description="1 to 128 printable ASCII characters without blanks."),
]
