"""The catalogue as Open311 services: every category that a complaint can be filed under, and what is asked beside the description. Pure.

Each service asks whether the person wants to stay unknown to whoever handles the matter (except where its matters are confidential anyway).
A county may ask more: `options.attributes` of an ``open311`` connection, ``{service_code: [question…]}``. What is asked is public and the
same for every client; where two connections name the same service, the first in order of code counts.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from services.catalogue.policy import Catalogue, CategoryPolicy
from services.platform.errors import Fault, Invalid, Problem
from services.platform.text import ShortText

Datatype = Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
LISTS = ("singlevaluelist", "multivaluelist")
QuestionCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Value):
    """One possible answer of a list."""

    key: QuestionCode
    name: ShortText


class Question(_Value):
    """An attribute of a service, with the names the specification gives it. `variable` false: only something to be read."""

    code: QuestionCode
    description: ShortText
    datatype: Datatype = "string"
    required: bool = False
    variable: bool = True
    datatype_description: ShortText | None = None
    values: tuple[Choice, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "Question":
        if (self.datatype in LISTS) != bool(self.values):
            raise ValueError("values belong to lists, and a list needs some")
        return self


CONFIDENTIAL = Question(
    code="CONFIDENTIAL",
    description="是否要求对承办单位保密您的身份",
    datatype="singlevaluelist",
    values=(Choice(key="yes", name="是"), Choice(key="no", name="否")),
)
_CONFIGURED: TypeAdapter[dict[str, tuple[Question, ...]]] = TypeAdapter(dict[str, tuple[Question, ...]])


def configured(options: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Question, ...]]:
    """Return what the connections' `options` ask by service; what is not well-formed there asks nothing."""
    found: dict[str, tuple[Question, ...]] = {}
    for one in options:
        try:
            read = _CONFIGURED.validate_python(one.get("attributes", {}))
        except ValidationError:
            continue
        for service, questions in read.items():
            found.setdefault(service, questions)
    return found


def require_questions(options: Mapping[str, Any]) -> None:
    """Raise Invalid ``open311.options_invalid`` where `options.attributes` of a connection cannot be asked; for whoever sets them."""
    try:
        _CONFIGURED.validate_python(options.get("attributes", {}))
    except ValidationError as invalid:
        faults = [Fault("/".join(["/options/attributes", *map(str, one["loc"])]), one["msg"]) for one in invalid.errors(include_url=False)]
        raise Invalid(
            "open311.options_invalid", "The attributes of an open client do not fit; `errors` says where.", errors=faults
        ) from None


def questions_of(policy: CategoryPolicy, more: Mapping[str, tuple[Question, ...]]) -> tuple[Question, ...]:
    """Return what is asked of somebody who files under `policy`."""
    own = () if policy.privacy == "confidential" else (CONFIDENTIAL,)
    return (*own, *(question for question in more.get(policy.code, ()) if question.code != CONFIDENTIAL.code))


def service_policy(catalogue: Catalogue, code: str) -> CategoryPolicy | None:
    """Return the category a complaint can be filed under by this service code."""
    policy = catalogue.category(code)
    return policy if policy is not None and policy.leaf and policy.active else None


def services(catalogue: Catalogue, more: Mapping[str, tuple[Question, ...]]) -> list[dict[str, Any]]:
    """Return the service list, in the catalogue's own order."""
    return [_service(policy, catalogue, asks=bool(questions_of(policy, more))) for policy in catalogue.leaves()]


def _service(policy: CategoryPolicy, catalogue: Catalogue, *, asks: bool) -> dict[str, Any]:
    parent = catalogue.category(policy.parent_code) if policy.parent_code else None
    return {
        "service_code": policy.code,
        "service_name": policy.name,
        "description": "请提供地点。" if policy.place_needed else "可以不提供地点。",
        "metadata": asks,
        "type": "realtime",
        "keywords": ", ".join(policy.keywords) or None,
        "group": parent.name if parent else None,
    }


def definition(policy: CategoryPolicy, more: Mapping[str, tuple[Question, ...]]) -> dict[str, Any]:
    """Return the definition of a service: its attributes in order."""
    return {
        "service_code": policy.code,
        "attributes": [_attribute(question, nth) for nth, question in enumerate(questions_of(policy, more), 1)],
    }


def _attribute(question: Question, order: int) -> dict[str, Any]:
    return {
        "variable": question.variable,
        "code": question.code,
        "datatype": question.datatype,
        "required": question.required,
        "datatype_description": question.datatype_description,
        "order": order,
        "description": question.description,
        "values": [{"key": choice.key, "name": choice.name} for choice in question.values],
    }


def answered(questions: Iterable[Question], given: Mapping[str, tuple[str, ...]]) -> tuple[list[str], bool]:
    """Return the answers as lines to be read by people, and whether the person wants to stay unknown.

    Raises a problem of status 400 where a required answer is missing or one is not of its kind.
    """
    lines, confidential = [], False
    for question in questions:
        values = given.get(question.code, ())
        if not values:
            if question.required and question.variable:
                raise Problem("open311.attribute_missing", f"attribute[{question.code}] is required for this service_code.")
            continue
        said = _said(question, values)
        if question.code == CONFIDENTIAL.code:
            confidential = values[0] == "yes"
        else:
            lines.append(f"{question.description}：{said}")
    return lines, confidential


def _said(question: Question, values: tuple[str, ...]) -> str:
    if question.datatype != "multivaluelist" and len(values) > 1:
        raise _wrong(question, "takes one value")
    if question.datatype in LISTS:
        names = {choice.key: choice.name for choice in question.values}
        if not set(values) <= names.keys():
            raise _wrong(question, f"must be one of {', '.join(names)}")
        return "、".join(names[value] for value in values)
    if question.datatype == "number":
        _number(question, values[0])
    elif question.datatype == "datetime":
        _instant(question, values[0])
    return values[0]


def _number(question: Question, value: str) -> None:
    try:
        float(value)
    except ValueError:
        raise _wrong(question, "must be a number") from None


def _instant(question: Question, value: str) -> None:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise _wrong(question, "must be an ISO 8601 date and time") from None


def _wrong(question: Question, what: str) -> Problem:
    return Problem("open311.attribute_wrong", f"attribute[{question.code}] {what}.")
