"""What is asked of the handbook: an opinion heard, worded anew, confirmed, and what became of it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.activities.commands import ActivityId
from services.complaints.commands import AttachmentIds, Phone
from services.complaints.field_reports import UploadIds
from services.platform.text import Code, ShortText, Words

OPINION_EXAMPLE = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d80"
_HOUSEHOLD = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_AT = "2026-11-15T02:10:00Z"

MadeByPhone = Annotated[ActivityId, Field(description="Made on the phone (UUIDv7): sent again it is the same.", examples=[OPINION_EXAMPLE])]
At = Annotated[AwareDatetime, Field(description="When it happened; never to come.", examples=[_AT])]
WordsHash = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(description="SHA-256 of the words that the villager saw, as they are told with the opinion.", examples=[_HASH]),
]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToldBy(_Command):
    """Who of the household said it, where it is not whom the register names. Sealed."""

    name: Annotated[ShortText | None, Field(examples=["黄培荣"])] = None
    phone: Phone = None


class HearOpinion(_Command):
    """An opinion or suggestion, in the villager's own words. They stay as they are said here, for good."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"opinion_id": OPINION_EXAMPLE, "household_id": _HOUSEHOLD, "words": "水渠要修，田里没有水。", "heard_at": _AT},
            ]
        },
    )

    opinion_id: MadeByPhone
    household_id: Annotated[UUID, Field(description="Whose opinion it is.", examples=[_HOUSEHOLD])]
    words: Annotated[Words, Field(description="What they said, as they said it.", examples=["水渠要修，田里没有水。"])]
    heard_at: At
    visit_id: Annotated[UUID | None, Field(description="The visit it was heard at; leave it out where it was told elsewhere.")] = None
    category: Annotated[Code | None, Field(description="A hint; an unknown one is refused.", examples=["water.canal"])] = None
    wants_answer: Annotated[bool, Field(description="Whether the villager wants to be told what becomes of it.", examples=[True])] = True
    told_by: Annotated[ToldBy | None, Field(examples=[None])] = None
    attachment_ids: AttachmentIds = ()
    upload_ids: UploadIds = ()


class RewordOpinion(_Command):
    """Lay another wording over an opinion. The first stays; every confirmation of earlier words is void from now on."""

    wording_id: MadeByPhone
    words: Annotated[Words, Field(examples=["水渠从水口到上寨一段要修，田里没有水。"])]
    because: Annotated[
        Literal["clearer", "misheard", "villager_corrects", "dialect", "other"],
        Field(description="清楚些、听错了、群众更正、方言转写、其他。", examples=["villager_corrects"]),
    ]
    happened_at: At


class AskForCode(_Command):
    """Have a code made that the villager says back: sent to their telephone, or sent to us from their own WeChat."""

    code_id: MadeByPhone
    way: Annotated[Literal["sms_code", "wechat"], Field(examples=["sms_code"])]
    words_hash: WordsHash


class OpinionWitness(_Command):
    """Who was there: a colleague, or anybody else by name, which is sealed. Neither who heard the opinion nor who enters this."""

    member_id: Annotated[UUID | None, Field(examples=[None])] = None
    name: Annotated[ShortText | None, Field(examples=["黄小明"])] = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "OpinionWitness":
        if (self.member_id is None) == (self.name is None):
            raise ValueError("either member_id or name is needed")
        return self


class _Confirm(_Command):
    confirmation_id: MadeByPhone
    words_hash: WordsHash
    happened_at: At


class ConfirmBySignature(_Confirm):
    """Their own hand under the words: a picture that was uploaded before, and used for nothing else."""

    kind: Literal["signature"]
    attachment_id: Annotated[UUID | None, Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d44"])] = None
    upload_id: Annotated[
        UUID | None, Field(description="The upload by the id the phone gave it, in place of the file.", examples=[None])
    ] = None

    @model_validator(mode="after")
    def _a_picture(self) -> "ConfirmBySignature":
        if (self.attachment_id is None) == (self.upload_id is None):
            raise ValueError("either attachment_id or upload_id is needed")
        return self


class ConfirmOpinionByCode(_Confirm):
    """The code that was sent to the household's telephone."""

    kind: Literal["sms_code"]
    code: Annotated[str, Field(min_length=1, max_length=16, examples=["482915"])]


class ConfirmByCall(_Confirm):
    """A call of the hotline's with the household, whose recording is kept."""

    kind: Literal["call_recording"]
    call_id: Annotated[UUID, Field(description="The call's own id at the hotline.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d45"])]
    satisfied: Annotated[
        bool | None,
        Field(description="Whether they are satisfied with whoever called on them (群众评议); null where not asked.", examples=[True]),
    ] = None


class ConfirmByWitness(_Confirm):
    """Somebody else who was there says so."""

    kind: Literal["witness"]
    witness: OpinionWitness


ConfirmOpinion = Annotated[ConfirmBySignature | ConfirmOpinionByCode | ConfirmByCall | ConfirmByWitness, Field(discriminator="kind")]
"""What whoever was there enters. The fifth kind, WeChat, comes from the villager's own telephone and is entered by nobody."""
ConfirmInTheField = Annotated[ConfirmBySignature | ConfirmByCall | ConfirmByWitness, Field(discriminator="kind")]
"""What a phone may send later. A code is compared at once, and tries at it are counted: where it was sent, there is a network."""
CONFIRM_EXAMPLE = {
    "kind": "witness", "confirmation_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d46", "words_hash": _HASH, "happened_at": _AT,
    "witness": {"name": "黄小明"},
}  # fmt: skip


class _Outcome(_Command):
    outcome_id: MadeByPhone
    happened_at: At


class SolvedOnTheSpot(_Outcome):
    """What was done at once."""

    kind: Literal["on_the_spot"]
    words: Annotated[Words, Field(examples=["当场帮他接通了水管。"])]


class JoinsTicket(_Outcome):
    """There is a ticket about it already."""

    kind: Literal["ticket"]
    ticket: Annotated[str, Field(min_length=1, max_length=64, examples=["20261122-000123-6"])]


class Answered(_Outcome):
    """Nothing more is to be done, for a reason that the villager was told."""

    kind: Literal["answered"]
    because: Annotated[
        Literal[
            "explained", "policy_does_not_allow", "done_before", "not_of_government", "no_demand", "told_elsewhere",
            "withdrawn_by_villager", "other",
        ],
        Field(
            description="已解释清楚、政策不允许、此前已办、不属政府职责、无具体诉求、已另行反映、群众撤回、其他。",
            examples=["policy_does_not_allow"],
        ),
    ]  # fmt: skip
    words: Annotated[Words, Field(description="What the villager was told.", examples=["已向他说明补贴的条件，他表示理解。"])]


OpinionBecame = Annotated[SolvedOnTheSpot | JoinsTicket | Answered, Field(discriminator="kind")]
BECAME_EXAMPLE = {
    "kind": "answered", "outcome_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d47", "happened_at": _AT, "because": "policy_does_not_allow",
    "words": "已向他说明补贴的条件，他表示理解。",
}  # fmt: skip


class FileTicket(_Outcome):
    """Make a ticket of an opinion: with its words in force, of its household, answered to whoever said it where they want an answer."""

    direct_to: Annotated[
        Code | None,
        Field(
            description="越级直达: code of a county department it goes to directly. Township and village read it, and cannot stop it.",
            examples=["441624-D-SLJ"],
        ),
    ] = None
    category: Annotated[Code | None, Field(description="In place of the opinion's own.", examples=["water.canal"])] = None
    confidential: Annotated[bool, Field(description="Only the desk that watches over it may learn who said it.", examples=[False])] = False
