"""How long personal data is kept after a matter ended, as versioned rules of the county's. Pure.

PIPL art. 19: the shortest time necessary for the purpose; art. 47 (1): erased when the purpose is achieved or the time is over. What is on
file of petitions follows the archives' terms (国家档案局令第8号: 永久, 30 or 10 years), so that class is longer. The months themselves are
defaults for a county to confirm.
"""

from collections.abc import Mapping, Sequence
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
    """`usual` for every matter; `petitions` for those and letters; `confidential` for what was told in confidence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usual: RetentionClass
    petitions: RetentionClass
    confidential: RetentionClass


BUILT_IN: Json = {
    "usual": {"contact": 36, "papers": 6, "conversations": 6, "files": 36, "recordings": 24, "words": None},
    "petitions": {"contact": 120, "papers": 12, "conversations": 6, "files": 120, "recordings": 24, "words": None},
    "confidential": {"contact": 24, "papers": 3, "conversations": 3, "files": 24, "recordings": 12, "words": None},
}
CLASSES = ("confidential", "petitions", "usual")
"""A complaint belongs to the first that fits: what was told in confidence, petitions and letters, everything else."""


def rules_from(_version: int, definition: Json) -> RetentionRules:
    """Return the rules of a definition that was checked."""
    return RetentionRules.model_validate(definition)


async def _check(_session: AsyncSession, definition: Json) -> Sequence[Finding]:
    try:
        RetentionRules.model_validate(definition)
    except ValidationError as faults:
        return [
            Finding(MALFORMED, "/" + "/".join(str(part) for part in one["loc"]), one["msg"]) for one in faults.errors(include_input=False)
        ]
    return []


KIND = Kind("retention", BUILT_IN, _check)
