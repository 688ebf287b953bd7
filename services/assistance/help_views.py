"""What is shown of help items: the household masked, who is helped and what was said only to those who may know of the item."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.assistance.commands import HOME, ITEM, SOMEBODY, STEP
from services.pairing.views import Home, Who
from services.platform.text import ShownWords

HELP_KIND_NAMES = {
    "production": "生产发展", "skills": "技术培训", "employment": "就业", "housing": "住房", "medical": "就医", "schooling": "就学",
    "care": "生活照料", "disaster": "救灾", "policy": "政策代办", "other": "其他",
}  # fmt: skip
STEP_NAMES = {"given": "提供帮助", "pledged": "认捐", "received": "到位", "handed_over": "交付"}
OUTCOME_NAMES = {"achieved": "已实现", "partly": "部分实现", "not_achieved": "未实现", "moved_away": "迁出", "declined": "本户谢绝"}
CONFIRMATION_NAMES = {
    "signature": "本人签名", "call_recording": "电话录音", "wechat": "微信确认", "sms_code": "短信验证码", "witness": "见证人",
}  # fmt: skip
FUNDING_NAMES = {"none": "未筹资", "raising": "筹集中", "pledged": "已认捐", "partly": "部分到位", "in_place": "已到位"}
UNCONFIRMED_NAMES = {"absent": "外出", "refused": "不愿确认", "ill": "因病不便", "moved_away": "已迁出", "deceased": "已故"}
_HELPER = {"id": SOMEBODY, "name": "汤晓琴", "staff_number": "C-0311"}
_ITEM: dict[str, Any] = {
    "id": ITEM, "household": {"id": HOME, "unit": "441624108213001", "number": "3-012", "head": "黄**"}, "kind": "production",
    "kind_name": "生产发展", "state": "open", "started_on": "2026-11-02", "due_on": "2027-05-31", "helpers": [_HELPER],
    "follows_id": None, "recorded_at": "2026-11-02T02:10:00Z", "outcome": None, "closed_on": None,
}  # fmt: skip
_STEP: dict[str, Any] = {
    "id": STEP, "kind": "received", "kind_name": "到位", "happened_on": "2026-11-03", "source": "donation", "amount_fen": 600000,
    "goods": None, "words": "爱心企业捐助购羊款。", "recorded_at": "2026-11-03T02:10:00Z", "withdrawn_at": None, "withdrawn_because": None,
    "stands": True, "attachment_ids": [],
}  # fmt: skip
_CLOSING: dict[str, Any] = {
    "outcome": "achieved", "outcome_name": "已实现", "closed_on": "2027-05-20", "confirmation": "signature",
    "confirmation_name": "本人签名",
    "attachment_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e90", "call_id": None, "unconfirmed_because": None, "money_left_fen": 0,
    "words": None, "money_left": None, "recorded_at": "2027-05-20T02:10:00Z",
}  # fmt: skip
_MONEY: dict[str, Any] = {
    "needed_fen": 600000, "pledged_fen": 600000, "received_fen": 600000, "handed_over_fen": 0, "left_fen": 600000, "funding": "in_place",
    "funding_name": "已到位",
}  # fmt: skip


class HelpItemView(BaseModel):
    """A help item as it stands in a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ITEM]})

    id: UUID
    household: Home
    kind: str
    kind_name: str
    state: str = Field(description="`open` or `closed`.")
    started_on: date
    due_on: date | None
    helpers: list[Who] = Field(description="Who helps now; of a closed one, who helped last.")
    follows_id: UUID | None
    recorded_at: datetime
    outcome: str | None
    closed_on: date | None


class HelpMoney(BaseModel):
    """The same money at three times, in fen, and what came and was not handed over."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MONEY]})

    needed_fen: int | None = Field(description="What it takes, where money is raised for it.")
    pledged_fen: int
    received_fen: int
    handed_over_fen: int
    left_fen: int
    funding: str = Field(description="none, raising, pledged, partly, or in_place (到位).")
    funding_name: str


class HelpStepView(BaseModel):
    """A deed, with its money as the ledger has it now. `stands`: it is in the figures, or is goods."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STEP]})

    id: UUID
    kind: str
    kind_name: str
    happened_on: date
    source: str | None
    amount_fen: int | None
    goods: str | None
    words: ShownWords | None
    recorded_at: datetime
    withdrawn_at: datetime | None
    withdrawn_because: str | None
    stands: bool
    attachment_ids: list[UUID]


class HelpClosingView(BaseModel):
    """How it ended, and how the household confirmed it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CLOSING]})

    outcome: str
    outcome_name: str
    closed_on: date
    confirmation: str | None
    confirmation_name: str
    attachment_id: UUID | None
    call_id: UUID | None
    unconfirmed_because: str | None
    money_left_fen: int
    words: ShownWords | None
    money_left: str | None
    recorded_at: datetime


class HelpItemDetail(HelpItemView):
    """A help item with all that was done for it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_ITEM,
                    "goal": "帮助采购小羊，教会养殖技术。",
                    "persons": 2,
                    "people": None,
                    "money": _MONEY,
                    "steps": [_STEP],
                    "closing": None,
                }
            ]
        }
    )

    goal: str | None = Field(description="Null after erasure.")
    persons: int | None = Field(description="How many persons of the register are listed.")
    people: int | None = Field(description="How many are helped, where nobody is listed.")
    money: HelpMoney
    steps: list[HelpStepView]
    closing: HelpClosingView | None


class HelpCodeView(BaseModel):
    """A code that was made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": STEP, "way": "sms_code", "expires_at": "2026-11-20T04:10:00Z", "code": None}]}
    )

    id: UUID
    way: str
    expires_at: datetime
    code: str | None = Field(
        description="Of `wechat`: to be shown to the household, who sends 确认 and it. One that is sent is told nobody."
    )
