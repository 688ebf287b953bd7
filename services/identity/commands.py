"""Bodies of the requests about signing in."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from services.platform.text import storable

Login = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]


def _storable(secret: SecretStr) -> SecretStr:
    storable(secret.get_secret_value())
    return secret


class SignIn(BaseModel):
    """A login and its password."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"login": "pengzhai", "password": "a long password of your own"}]}
    )

    login: Login
    password: Annotated[SecretStr, Field(min_length=1, max_length=256), AfterValidator(_storable)]
