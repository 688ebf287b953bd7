"""What can be asked of rules."""

from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from services.platform.text import ShortTextOfNobody


def _bearable(definition: dict[str, Any]) -> dict[str, Any]:
    try:
        orjson.dumps(definition)
    except TypeError:
        raise ValueError("must not be nested as deep as this") from None
    return definition


_EffectiveAt = Annotated[
    AwareDatetime | None,
    Field(description="From when on the rules count, with a zone; at once where absent.", examples=[None]),
]
_GoOn = Annotated[
    bool,
    Field(description="Go on though other rules came into force since this was drafted, or a version dated later will undo it."),
]
_Note = Annotated[ShortTextOfNobody | None, Field(description="Why, for those who look at it later.", examples=["水利局机构改革"])]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DraftPolicy(_Command):
    """Keep rules as the next version, whole. They count only once they are activated."""

    definition: Annotated[
        dict[str, Any],
        AfterValidator(_bearable),
        Field(description="The rules of this kind, whole, as docs/policies.md describes them.", examples=[{"rules": []}]),
    ]
    note: _Note = None


class ActivatePolicy(_Command):
    """Bring a version into force."""

    effective_at: _EffectiveAt = None
    go_on: _GoOn = False


class RevertPolicy(_Command):
    """Bring the rules of an older version into force again, as a new version."""

    note: _Note = None
    effective_at: _EffectiveAt = None
    go_on: _GoOn = False
