"""What is answered about personal data."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.platform.text import ShownWords

_NUMBER = "20261122-000123-6"
_ID = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"
_AT = "2026-11-22T02:10:00Z"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class HoldView(_View):
    """A legal hold."""

    id: UUID = Field(examples=[_ID])
    ticket: str = Field(examples=[_NUMBER])
    reason: str = Field(examples=["litigation"])
    reason_name: str = Field(examples=["诉讼"])
    words: ShownWords = Field(examples=["行政诉讼一审"])
    placed_at: datetime = Field(examples=[_AT])
    until: datetime = Field(examples=["2027-11-22T00:00:00Z"])
    lifted_at: datetime | None = Field(default=None, examples=[None])
    standing: bool = Field(examples=[True])


class ErasureView(_View):
    """What kind of personal data of a complaint is being erased, or was, and why; never whose."""

    complaint_id: UUID = Field(examples=[_ID])
    kind: str = Field(examples=["contact"])
    kind_name: str = Field(examples=["姓名和联系方式"])
    because: str = Field(examples=["retention"])
    because_name: str = Field(examples=["保存期限届满"])
    planned_at: datetime = Field(examples=[_AT])
    erased_at: datetime | None = Field(examples=[_AT])
    done_at: datetime | None = Field(description="When the last file was gone, too.", examples=[_AT])


class PersonalDataState(_View):
    """How the personal data of a ticket stands."""

    ticket: str = Field(examples=[_NUMBER])
    holds: tuple[HoldView, ...] = ()
    restricted: tuple[UUID, ...] = Field(default=(), description="Complaints whose contact is shown to nobody now.", examples=[[]])
    erasures: tuple[ErasureView, ...] = ()


class RestrictionView(_View):
    """Whether the contact of a complaint is restricted."""

    complaint_id: UUID = Field(examples=[_ID])
    restricted: bool = Field(examples=[True])
    because: str | None = Field(examples=["dispute"])


class ContactInClear(_View):
    """A contact in clear. Who saw it, and what for, is written down and the person can see it."""

    name: str | None = Field(examples=["张三"])
    phone: str | None = Field(examples=["13800000123"])
    email: str | None = Field(examples=[None])
    wechat: bool = Field(examples=[False])


class MyRequest(_View):
    """What somebody asked about their own data, and what became of it."""

    id: UUID = Field(examples=[_ID])
    kind: str = Field(examples=["deletion"])
    kind_name: str = Field(examples=["删除"])
    state: str = Field(examples=["open"])
    state_name: str = Field(examples=["办理中"])
    made_at: datetime = Field(examples=[_AT])
    due_at: datetime = Field(examples=["2026-12-07T02:10:00Z"])
    decided_at: datetime | None = Field(examples=[None])
    reason_name: str | None = Field(description="Why it was refused.", examples=[None])
    words: str | None = Field(examples=[None])
    open_until: datetime | None = Field(description="Until when what was granted can be fetched.", examples=[None])


class PersonRequestView(MyRequest):
    """A request as whoever decides on it sees it."""

    ticket: str = Field(examples=[_NUMBER])
    ticket_status: str = Field(examples=["closed"])
    complaint_id: UUID = Field(examples=[_ID])
    overdue: bool = Field(examples=[False])
    held: bool = Field(description="Nothing may be erased now.", examples=[False])
    said: ShownWords | None = Field(description="What the person wrote with it.", examples=["我已搬离本县，请删除我的电话和照片。"])
    wants: tuple[str, ...] = Field(default=(), description="What a correction changes.", examples=[[]])


class Looked(_View):
    """Somebody saw the number in clear, or listened to the recording."""

    at: datetime = Field(examples=[_AT])
    what: str = Field(examples=["查看联系电话"])
    purpose: str = Field(examples=["回访"])


class KeptOfMe(_View):
    """What is kept of a person in one matter, and who looked at it. In clear only where they asked for access and it was granted."""

    number: str = Field(examples=[_NUMBER])
    in_clear: bool = Field(examples=[False])
    name: str | None = Field(examples=["张*"])
    phone: str | None = Field(examples=["138****0123"])
    email: str | None = Field(examples=[None])
    wechat: bool = Field(examples=[False])
    files: int = Field(examples=[2])
    recordings: int = Field(examples=[1])
    opinions: int = Field(default=0, description="Entries of the handbook (《服务群众工作手册》) that are theirs.", examples=[1])
    restricted: bool = Field(examples=[False])
    looked: tuple[Looked, ...] = ()
    requests: tuple[MyRequest, ...] = ()
    erased: tuple[str, ...] = Field(default=(), description="Kinds that were erased.", examples=[["通话录音"]])


class OpinionOfMine(_View):
    """An entry of the handbook: what somebody said at their door, who stands by it, and what became of it."""

    heard_at: datetime = Field(examples=[_AT])
    heard_by: str | None = Field(examples=["黄干部"])
    words: str | None = Field(description="As it was said; null after erasure.", examples=["水渠要修，田里没有水。"])
    later_words: tuple[str, ...] = ()
    confirmed_by: tuple[str, ...] = Field(default=(), examples=[["手写签名"]])
    became: tuple[str, ...] = Field(default=(), examples=[["转为工单：20261122-000123-6"]])
    files: int = Field(default=0, examples=[1])


class MyCopy(KeptOfMe):
    """A copy of everything that is kept of a person in one matter, for themselves."""

    channel: str = Field(examples=["热线"])
    told_at: datetime = Field(examples=[_AT])
    words: str = Field(examples=["礼士镇太平村的水管爆了，水漫到路上。"])
    place: str | None = Field(examples=["太平村老水井旁"])
    confidential: bool = Field(examples=[False])
    supplements: tuple[str, ...] = ()
    told_you: tuple[str, ...] = Field(default=(), description="What you were told by message.", examples=[["您的诉求已受理。"]])
    file_types: tuple[str, ...] = Field(default=(), examples=[["image/jpeg"]])
    calls_at: tuple[datetime, ...] = Field(default=(), examples=[[_AT]])
    handbook: tuple[OpinionOfMine, ...] = Field(default=(), description="What the handbook keeps of them.", examples=[[]])
