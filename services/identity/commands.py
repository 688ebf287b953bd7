"""Bodies of the requests about signing in."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from services.platform.text import storable

ClosedWhy = Literal["left", "transferred", "suspended", "compromised", "unused", "mistake", "other"]
Login = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]


def _storable(secret: SecretStr) -> SecretStr:
    storable(secret.get_secret_value())
    return secret


Password = Annotated[SecretStr, Field(min_length=1, max_length=256), AfterValidator(_storable)]
GivenCode = Annotated[
    SecretStr,
    Field(min_length=6, max_length=20, description="Six digits of the authenticator, or a recovery code."),
    AfterValidator(_storable),
]
DeviceName = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(storable)]
_PASSWORD = "a long password of your own"  # noqa: S105  an example
_CODE = "492039"


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignIn(_Asked):
    """A login and its password; the code where the account has a second factor; how its owner calls the device."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"login": "pengzhai", "password": _PASSWORD, "device": "办公室电脑"}]})

    login: Login
    password: Password
    code: GivenCode | None = None
    device: DeviceName | None = Field(
        default=None, description="Shown in the list of devices; without it, what the browser says of itself."
    )


class CloseAccount(_Asked):
    """Why somebody's account is closed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"why": "left"}]})

    why: ClosedWhy = Field(
        description="left 离职, transferred 调离, suspended 停职, compromised 疑被盗用, unused 长期不用, mistake 误开, other 其他."
    )


class Refresh(_Asked):
    """The latest refresh token of a session."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"refresh_token": "dgjr_AZ…"}]})

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=256), AfterValidator(_storable)]


class ChangePassword(_Asked):
    """The password of today, and the one from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": _PASSWORD, "new_password": "水渠 梯田 晒谷场 2026"}]})

    password: Password
    new_password: Password


class ShowPassword(_Asked):
    """The password once more, from somebody who is signed in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": _PASSWORD}]})

    password: Password


class ShowCode(_Asked):
    """A code of the authenticator that was just enrolled."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": _CODE}]})

    code: GivenCode


class ShowBoth(_Asked):
    """The password and a code once more, from somebody who is signed in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": _PASSWORD, "code": _CODE}]})

    password: Password
    code: GivenCode
