"""How long personal data is kept after a matter ended, as versioned rules of the county's. Pure, but for the book of versions.

PIPL art. 19: the shortest time necessary for the purpose; art. 47 (1): erased when the purpose is achieved or the time is over. What is on file of
petitions follows the archives' terms (国家档案局令第8号: 永久, 30 or 10 years), so that class is longer. The months themselves are defaults
for a county to confirm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.platform.database import Json
from services.policies.actions import Kind
from services.policies.findings import MALFORMED, Finding

KINDS = ("contact", "papers", "conversations", "files", "recordings", "words")
"""Kinds of personal data."""
KIND_NAMES: Mapping[str, str] = {
    "contact": "姓名和联系方式",
    "papers": "原始报文、来电号码和草稿",
    "conversations": "微信对话",
    "files": "照片和附件",
    "recordings": "通话录音",
    "words": "反映内容中的个人信息",
}

Months = Annotated[int | None, Field(ge=1, le=1200)]
"""Months after the end of the matter; None: for good."""


class RetentionClass(BaseModel):
    """Months after the end of a matter that each kind of personal data is kept; null: until somebody asks for its deletion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact: Months
    papers: Months
    conversations: Months
    files: Months
    recordings: Months
    words: Months


class RetentionRules(BaseModel):
    """`usual` for every matter, `petitions` for what came over the petition desk or by letter, `confidential` for what was told in confidence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usual: RetentionClass
    petitions: RetentionClass
    confidential: RetentionClass


@dataclass(frozen=True, slots=True)
class Held:
    """What decides about the class of a complaint."""

    channel: str
    confidential: bool


BUILT_IN: Json = {
    "usual": {"contact": 36, "papers": 6, "conversations": 6, "files": 36, "recordings": 24, "words": None},
    "petitions": {"contact": 120, "papers": 12, "conversations": 6, "files": 120, "recordings": 24, "words": None},
    "confidential": {"contact": 24, "papers": 3, "conversations": 3, "files": 24, "recordings": 12, "words": None},
}
_OF_PETITIONS = frozenset({"petition", "letter"})


@lru_cache(maxsize=1)
def built_in() -> RetentionRules:
    """Return the rules the product comes with."""
    return RetentionRules.model_validate(BUILT_IN)


def class_of(held: Held) -> str:
    """Return the name of the class a complaint belongs to; confidence comes first: it is the shortest."""
    if held.confidential:
        return "confidential"
    return "petitions" if held.channel in _OF_PETITIONS else "usual"


def months_of(rules: RetentionRules, held: Held, kind: str) -> int | None:
    """Return how many months after the end of the matter `kind` is kept for this complaint; None: for good."""
    found: int | None = getattr(getattr(rules, class_of(held)), kind)
    return found


async def _check(_session: AsyncSession, definition: Json) -> Sequence[Finding]:
    try:
        RetentionRules.model_validate(definition)
    except ValidationError as faults:
        return [
            Finding(MALFORMED, "/" + "/".join(str(part) for part in one["loc"]), one["msg"]) for one in faults.errors(include_input=False)
        ]
    return []


KIND = Kind("retention", BUILT_IN, _check)
