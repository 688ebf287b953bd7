"""What is asked about personal data."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.complaints.commands import Contact
from services.platform.text import ShortText, Words, WordsOfNobody

HoldReason = Literal["litigation", "review", "inspection", "audit", "investigation"]
RestrictedBecause = Literal["dispute", "safety"]
RequestKind = Literal["access", "copy", "correction", "deletion"]
RefusedBecause = Literal["not_the_person", "held", "still_needed", "law_keeps", "others_rights", "unfounded"]
RevealPurpose = Literal["request", "dispute", "danger_to_life", "court_order"]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlaceHold(_Command):
    """Have nothing of a ticket's erased for now."""

    reason: Annotated[HoldReason, Field(examples=["litigation"])]
    words: Annotated[WordsOfNobody, Field(description="Which case, without names.", examples=["行政诉讼一审，案号（2026）粤1624行初12号"])]
    until: Annotated[
        AwareDatetime, Field(description="When it ends by itself; at most ten years ahead.", examples=["2027-11-22T00:00:00+08:00"])
    ]


class Restrict(_Command):
    """Have the contact and the files of a complaint shown to nobody."""

    because: Annotated[RestrictedBecause, Field(examples=["dispute"])]


class RevealRestricted(_Command):
    """See a restricted contact in clear, for one of the purposes that are allowed."""

    purpose: Annotated[RevealPurpose, Field(examples=["request"])]


class AskAboutMyData(_Command):
    """What a person asks about their own data. `contact` is for a correction: what is given replaces what is kept."""

    kind: Annotated[RequestKind, Field(examples=["deletion"])]
    contact: Annotated[Contact | None, Field(examples=[None])] = None
    words: Annotated[Words | None, Field(description="Anything to add; sealed.", examples=["我已搬离本县，请删除我的电话和照片。"])] = None

    @model_validator(mode="after")
    def _fits(self) -> "AskAboutMyData":
        if (self.kind == "correction") != (self.contact is not None and self.contact.known):
            raise ValueError("`contact` says what is right, for a correction and for nothing else")
        return self


class EraseOpinion(_Command):
    """Why what is kept of whoever said an opinion is erased; and whether nothing of its words stays."""

    because: Annotated[Literal["request", "order", "unlawful"], Field(examples=["request"])]
    whole_words: Annotated[
        bool, Field(description="Else words go only where they name the person: what was signed is not rewritten.", examples=[False])
    ] = False


class DecideRequest(_Command):
    """Grant or refuse. For a deletion: whether nothing of the words stays, and which passages are to be taken out of them besides."""

    outcome: Annotated[Literal["done", "refused"], Field(examples=["done"])]
    reason: Annotated[RefusedBecause | None, Field(examples=[None])] = None
    words: Annotated[
        WordsOfNobody | None, Field(description="What the person is told, beside the reason.", examples=["已按您的请求处理。"])
    ] = None
    whole_words: Annotated[bool, Field(examples=[False])] = False
    passages: Annotated[tuple[ShortText, ...], Field(max_length=50, examples=[["太平村老水井旁第二家"]])] = ()

    @model_validator(mode="after")
    def _refused_because(self) -> "DecideRequest":
        if (self.outcome == "refused") != (self.reason is not None):
            raise ValueError("a refusal needs a `reason`, and nothing else has one")
        return self
