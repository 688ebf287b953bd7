"""What of an event is kept in clear: extensions and our own telephones, nobody else's number. Pure.

A villager who is called back has a channel and a destination like an agent, and a record does not always say who called whom. So a word
for an agent that holds a whole telephone number is left out unless the connection lists it (option `numbers`); the post itself, sealed,
keeps it.
"""

import re
from dataclasses import replace

from services.calls.adapters.values import Source
from services.calls.events import CallEvent, Told
from services.platform.phones import normalised_phone

_TELEPHONE = re.compile(r"(?:1[3-9][0-9]{9}|(?:0|86)(?:10|2[0-9]|[3-9][0-9]{2})[2-9][0-9]{6,7})(?![0-9])")
_SEPARATORS = re.compile(r"(?<=[0-9])[-. ()]+(?=[0-9])")
_EXTENSION = re.compile(r"[0-9]{1,6}")


def without_numbers(item: Told, source: Source) -> Told:
    """Return `item` with facts that name no telephone but the exchange's own; its bytes unchanged."""
    return replace(item, events=tuple(_clean(event, source) for event in item.events))


def _clean(event: CallEvent, source: Source) -> CallEvent:
    facts, ours = event.facts, {_spelling(number) for number in source.numbers}
    called_out = event.number is not None and _EXTENSION.fullmatch(event.number) is not None
    kept = replace(
        facts,
        agent=_kept(facts.agent, event.number, ours),
        agent_name=_kept(facts.agent_name, event.number, ours),
        extension=_kept(facts.extension, event.number, ours),
        dnis=_kept(facts.dnis, None, ours) if called_out else facts.dnis,
    )
    return event if kept == facts else replace(event, facts=kept)


def _kept(word: str | None, number: str | None, ours: set[str]) -> str | None:
    """The word, unless it holds a telephone that is not ours, or the very number of the other person however short."""
    if word is None:
        return None
    for text in (word, _SEPARATORS.sub("", word)):
        if any(_spelling(found) not in ours for found in _TELEPHONE.findall(text)):
            return None
    same = number is not None and len(number) > 6 and number in word  # noqa: PLR2004  shorter ones are extensions
    return None if same and _spelling(str(number)) not in ours else word


def _spelling(number: str) -> str:
    try:
        return normalised_phone(f"+{number}" if number.startswith("86") else number) or number
    except ValueError:
        return number
