"""What is shown of mediations: nobody's name in lists; of one, names masked, and nothing of the other side to whoever stands on one."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.assistance.commands import SOMEBODY
from services.assistance.mediation_commands import ENDING, FOLLOW_UP, MEDIATION, SESSION
from services.pairing.views import Where, Who
from services.platform.text import ShownWords

DISPUTE_NAMES = {
    "land": "土地山林", "water": "用水", "neighbours": "邻里", "family": "婚姻家庭", "money": "债务", "labour": "劳务",
    "damage": "损害赔偿", "other": "其他",
}  # fmt: skip
STATE_NAMES = {"open": "调解中", "settled": "调解成功", "unsettled": "调解不成", "withdrawn": "撤回"}
SIDE_NAMES = {"a": "甲方", "b": "乙方"}
PRESENT_NAMES = {"both": "双方到场", "a": "甲方单独", "b": "乙方单独"}
FOUND_NAMES = {"kept": "已履行", "partly": "部分履行", "broken": "未履行", "unreachable": "联系不上"}
_MEDIATION: dict[str, Any] = {
    "id": MEDIATION, "unit": {"code": "441624108213001", "name": "第一网格"}, "kind": "water", "kind_name": "用水", "state": "settled",
    "state_name": "调解成功", "mediator": {"id": SOMEBODY, "name": "汤晓琴", "staff_number": "C-0311"}, "opened_on": "2026-11-02",
    "sessions": 1, "ended_on": "2026-11-04", "follow_up_on": "2026-12-04", "follow_up": "waiting", "ticket": None, "follows_id": None,
    "recorded_at": "2026-11-02T02:10:00Z",
}  # fmt: skip
_PARTY: dict[str, Any] = {
    "side": "a", "side_name": "甲方", "name": "黄**", "phone": "138****0123", "wants": None, "hidden": False, "erased": False,
}  # fmt: skip
_SESSION: dict[str, Any] = {
    "id": SESSION, "held_on": "2026-11-03", "present": "both", "present_name": "双方到场", "words": "甲方同意上午放水，乙方下午。",
    "recorded_at": "2026-11-03T02:10:00Z", "attachment_ids": [],
}  # fmt: skip
_FOLLOW_UP: dict[str, Any] = {
    "id": FOLLOW_UP, "held_on": "2026-12-05", "found": "kept", "found_name": "已履行", "words": None, "recorded_at": "2026-12-05T02:10:00Z",
}  # fmt: skip
_ENDING: dict[str, Any] = {
    "id": ENDING, "outcome": "settled", "outcome_name": "调解成功", "ended_on": "2026-11-04", "follow_up_on": "2026-12-04",
    "agreement": "甲方上午放水，乙方下午放水，轮流清渠。", "attachment_id": None, "follow_ups": [_FOLLOW_UP],
    "recorded_at": "2026-11-04T02:10:00Z",
}  # fmt: skip


class MediationView(BaseModel):
    """A mediation as it stands in a list: of nobody. `follow_up`: waiting, due or done, of a settled one."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MEDIATION]})

    id: UUID
    unit: Where
    kind: str
    kind_name: str
    state: str = Field(description="`open`, `settled`, `unsettled` or `withdrawn`.")
    state_name: str
    mediator: Who
    opened_on: date
    sessions: int
    ended_on: date | None
    follow_up_on: date | None
    follow_up: str | None
    ticket: str | None
    follows_id: UUID | None
    recorded_at: datetime


class PartyView(BaseModel):
    """One side, masked. `hidden`: whoever reads stands on the other side. `wants` is for who sits in the room."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PARTY]})

    side: str
    side_name: str
    name: str | None
    phone: str | None
    wants: str | None
    hidden: bool
    erased: bool


class MediationSessionView(BaseModel):
    """A session. What one side said alone is not for whoever stands on the other."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SESSION]})

    id: UUID
    held_on: date
    present: str
    present_name: str
    words: ShownWords | None
    recorded_at: datetime
    attachment_ids: list[UUID] = Field(description="Empty for whoever stands on the other side.")


class MediationFollowUpView(BaseModel):
    """Whether what was agreed was kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FOLLOW_UP]})

    id: UUID
    held_on: date
    found: str
    found_name: str
    words: ShownWords | None
    recorded_at: datetime


class EndingView(BaseModel):
    """How it ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENDING]})

    id: UUID
    outcome: str
    outcome_name: str
    ended_on: date
    follow_up_on: date | None
    agreement: str | None
    attachment_id: UUID | None
    follow_ups: list[MediationFollowUpView]
    recorded_at: datetime


class MediationDetail(MediationView):
    """A mediation with its sides, sessions and end."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_MEDIATION, "words": "甲方与乙方为田间放水先后起争执。",
                    "parties": [_PARTY, {**_PARTY, "side": "b", "side_name": "乙方"}],
                    "held": [_SESSION], "ending": _ENDING,
                }
            ]
        }
    )  # fmt: skip

    words: ShownWords | None
    parties: list[PartyView]
    held: list[MediationSessionView]
    ending: EndingView | None


class PartyContact(BaseModel):
    """Who one side is, in clear. Null after erasure."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"side": "a", "name": "黄某某", "phone": "13800000123"}]})

    side: str
    name: str | None
    phone: str | None


class PartyStatement(BaseModel):
    """What one side is handed: its own name and what was agreed, and nothing of the other side but 甲方 or 乙方."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"side": "a", "text": "调解结果告知书\n当事人（甲方）：黄某某\n……"}]})

    side: str
    text: str
