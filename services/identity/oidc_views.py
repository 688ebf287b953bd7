"""Bodies and answers of signing in through a provider."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.identity.commands import DeviceName, GivenCode
from services.platform.text import storable

Opaque = Annotated[str, StringConstraints(min_length=1, max_length=2048), AfterValidator(storable)]


class SignOnOffered(BaseModel):
    """Whether there is another way in beside the password."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"offered": True}]})

    offered: bool = Field(description="Whether a provider is set up here: where not, the other addresses answer 404.")


class SignOnBegun(BaseModel):
    """Where the browser goes, and what it keeps for itself until it comes back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "authorization_url": "https://sso.example.gov.cn/authorize?response_type=code&client_id=daguanjia&state=…",
                    "binding": "mZ3…",
                    "expires_at": "2026-11-22T08:10:00Z",
                }
            ]
        }
    )

    authorization_url: str
    binding: str = Field(description="Keep it in the browser that begins (sessionStorage), send it with the code, put it into no address.")
    expires_at: datetime


class FinishSignOn(BaseModel):
    """What the provider sent the browser back with, and what the browser kept."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"code": "SplxlOBeZQQYbYS6WxSbIA", "state": "af0ifjsldkj", "binding": "mZ3…"}]}
    )

    code: Opaque
    state: Opaque
    binding: Opaque
    iss: Opaque | None = Field(default=None, description="As the provider sent it (RFC 9207).")
    device: DeviceName | None = Field(default=None, description="Shown in the list of devices.")


class FinishWithCode(BaseModel):
    """The code of a second factor, for the sign-in that waits for it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"continue_with": "h8Q…", "code": "492039"}]})

    continue_with: Opaque
    code: GivenCode
    device: DeviceName | None = Field(default=None, description="Shown in the list of devices.")
