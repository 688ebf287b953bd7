"""Settings, read once from the environment.

Every secret can be given as ``NAME`` or as ``NAME_FILE`` (the path of a file that holds it), as containers like it.
"""

import ipaddress
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_FROM_FILE = (
    "DATABASE_URL",
    "REPORTING_DATABASE_URL",
    "REDIS_URL",
    "DAGUANJIA_SECRET",
    "DAGUANJIA_ANCHOR_KEY",
    "DAGUANJIA_WECHAT_TOKEN",
    "DAGUANJIA_WECHAT_APP_SECRET",
    "DAGUANJIA_WECHAT_AES_KEY",
    "DAGUANJIA_WECHAT_AES_KEY_PREVIOUS",
    "DAGUANJIA_WECOM_TOKEN",
    "DAGUANJIA_WECOM_AES_KEY",
    "DAGUANJIA_WECOM_AES_KEY_PREVIOUS",
    "DAGUANJIA_SMS_SECRET",
    "DAGUANJIA_WEBHOOK_SECRET",
    "DAGUANJIA_OIDC_CLIENT_SECRET",
)


class Settings(BaseSettings):
    """All settings of all doors; a door uses those it needs. `docs/operations.md` explains each."""

    model_config = SettingsConfigDict(env_prefix="DAGUANJIA_", extra="ignore", populate_by_name=True)

    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    reporting_database_url: str = Field(default="", validation_alias="REPORTING_DATABASE_URL")
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    home: Path = Field(default=Path(".local"), description="Where files of this installation live.")
    secret: SecretStr = Field(
        default=SecretStr(""),
        description="At least 32 characters; every key is derived from it. Without it, one is kept in <home>/secret.",
    )
    anchor_key: SecretStr = Field(
        default=SecretStr(""),
        description="Seed of the Ed25519 key that anchors are signed with: 64 hex digits. Without it, one is kept in <home>/anchor_key.",
    )
    jurisdiction: str = Field(default="441624", description="Code of the unit at the root: the county or city served.")
    hotline_number: str = "580"
    attachments_url: str = Field(default="", description="Object store URL; empty: the directory <home>/attachments.")
    attachment_limit: int = Field(default=20 * 1024 * 1024, description="Largest attachment, in bytes.")
    picture_pixels: int = Field(default=50_000_000, description="Largest picture that is opened, in pixels (width x height).")
    upload_hours: int = Field(default=24, description="How long an unfinished upload is kept after its last byte.")
    uploads_open: int = Field(default=60, description="Unfinished uploads of one account at a time.")
    shift_hours: int = Field(default=12, ge=1, le=24, description="Hours after which being on duty in the field ends by itself.")
    position_hours: int = Field(default=2, ge=1, le=24, description="Hours the newest position of somebody on duty is kept.")
    position_cell_metres: int = Field(default=500, ge=250, le=5000, description="Side of the cell that is kept of a position, in metres.")
    exports_open: int = Field(default=5, description="Exports of one account under way at a time.")
    export_days: int = Field(default=7, description="How many days the file of an export is kept.")
    export_rows: int = Field(default=5_000_000, description="Most rows of one export.")
    recording_limit: int = Field(default=100 * 1024 * 1024, description="Largest recording of a call, in bytes.")
    exchange_files: str = Field(default="", description="Directory with the telephone exchanges' own files; empty: none are read.")
    body_limit: int = Field(default=256 * 1024, description="Largest JSON or XML body, in bytes.")
    body_seconds: float = Field(default=30, gt=0, description="Seconds a body has to come, and more by the next for what has come.")
    body_rate: int = Field(default=1024, ge=1, description="Bytes of a body that give it one second more.")
    pool_size: int = Field(default=8, description="Database connections of one process.")
    access_minutes: int = Field(default=15, ge=1, le=480, description="How long an access token holds before it is refreshed.")
    session_minutes: int = Field(default=480, ge=1, description="How long a sign-in holds without being refreshed.")
    session_days: int = Field(default=30, ge=1, description="How long a sign-in holds at most, however often it is refreshed.")
    second_factor_roles: str = Field(
        default="administrator,county_supervisor,organization_inspector,discipline_inspector",
        pattern=r"^([a-z_]+([, ]+[a-z_]+)*)?$",
        description="Roles that must have a second factor, separated by commas.",
    )
    second_factor_enforced: bool = Field(default=True, description="Those roles can do nothing before they have enrolled one.")
    public_k: int = Field(default=5, ge=3, description="Fewest tickets and households behind a number on the public page.")
    public_delay_days: int = Field(default=5, ge=1, le=60, description="Days after the end of a month until it is published.")
    reopen_days: int = Field(default=30, description="How many days after closing a ticket can be reopened.")
    strike_households: int = Field(
        default=5, ge=1, le=1000, description="Distinct households that say a matter is solved before it may be struck off."
    )
    strike_notice_days: int = Field(default=7, ge=1, le=366, description="Days a matter's result is published before it may be struck off.")
    opinion_open_days: int = Field(default=15, ge=1, le=366, description="Days after which a desk is told of an opinion nothing became of.")
    appeal_working_days: int = Field(default=5, description="Working days in which a complainant may appeal that a demand is unreasonable.")

    wechat_token: SecretStr = SecretStr("")
    wechat_app_id: str = ""
    wechat_app_secret: SecretStr = SecretStr("")
    wechat_api: str = "https://api.weixin.qq.com"
    wechat_templates: str = Field(default="", description="Templates by occasion: JSON, or the path of a file of it.")
    wechat_window: int = Field(default=300, description="Seconds a callback's timestamp may be off.")
    wechat_aes_key: SecretStr = SecretStr("")
    wechat_aes_key_previous: SecretStr = Field(default=SecretStr(""), description="Tried where the current key does not fit.")
    wechat_mode: str = Field(default="", description="plain, compatible or safe; empty: safe with an AES key, plain without.")
    wechat_matter_minutes: int = Field(default=30, description="How long after a message further ones belong to the same matter.")
    wechat_patience: float = Field(default=3.0, description="Seconds after which a callback is answered, done or not.")
    wecom_token: SecretStr = Field(default=SecretStr(""), description="Token of the WeCom application's callback; empty: closed.")
    wecom_aes_key: SecretStr = SecretStr("")
    wecom_aes_key_previous: SecretStr = SecretStr("")
    wecom_corp_id: str = ""
    sms_url: str = Field(default="", description="SMS gateway that takes our JSON POST; empty: no SMS.")
    sms_secret: SecretStr = SecretStr("")
    webhook_url: str = Field(default="", description="Where every notification to units is posted; empty: none.")
    webhook_secret: SecretStr = SecretStr("")
    webhook_allow_private: bool = Field(default=False, description="Let the webhook lead to a private address, as on one machine.")
    outbox_file: str = Field(default="", description="File sender for local runs: one JSON line a message.")

    intake_url: str = Field(
        default="",
        pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?)?$",
        description="Where browsers find the intake door; empty: where they found the page.",
    )
    page_origins: str = Field(default="", description="Origins of pages that may call the intake door, separated by commas; empty: none.")

    oidc_issuer: str = Field(default="", description="Provider of OpenID Connect people sign in through, exactly as it names itself.")
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_redirect_uri: str = Field(default="", description="The page the provider sends browsers back to, as it was registered there.")
    oidc_scope: str = "openid profile"
    oidc_login_claim: str = Field(default="preferred_username", description="The claim that holds the login of an account here.")
    oidc_allow_private: bool = Field(default=False, description="Let the provider be at a private address, and without TLS.")

    bulletin_kinds: str = Field(
        default="month,quarter,year",
        pattern=r"^((month|quarter|year)(,(month|quarter|year))*)?$",
        description="Bulletins that are drafted by themselves when their period is over; empty: none.",
    )
    bulletin_grace_days: int = Field(default=3, ge=0, le=60, description="Days after a period before its bulletin is drafted.")
    bulletin_townships: bool = Field(default=False, description="Draft those of every township too, not of the county alone.")

    rate_limits: bool = Field(default=True, description="Limit how often one caller may ask.")
    rate_sign_in: int = Field(default=120, ge=1, description="Tries to sign in, of one caller in a minute; likewise those below.")
    rate_codes: int = Field(default=120, ge=1, description="Requests that show a tracking code.")
    rate_file: int = Field(default=6000, ge=1, description="Complaints and field work filed.")
    rate_write: int = Field(default=3000, ge=1, description="Other changes.")
    rate_read: int = Field(default=6000, ge=1, description="Reads.")
    trusted_proxies: str = Field(default="", description="Addresses and networks of our own reverse proxies; `unix` for a socket.")
    proxy_header: Literal["x-forwarded-for", "forwarded"] = Field(
        default="x-forwarded-for", description="The header in which those proxies say who called them."
    )
    hosts: str = Field(default="", description="Host names the doors answer under, `*.` for all below one; empty: any.")
    hsts_seconds: int = Field(default=0, ge=0, description="How long browsers are to insist on TLS; 0: not told.")

    worker_slots: int = Field(default=4, description="Doorbell jobs of one worker at a time.")
    worker_batch: int = Field(default=200, description="Deliveries taken in one transaction.")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, given: str) -> str:
        for name in given.replace(",", " ").split():
            if name != "unix":
                ipaddress.ip_network(name, strict=False)
        return given

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name in _FROM_FILE:
            path = os.environ.get(f"{name}_FILE")
            if path:
                key = name if not name.startswith("DAGUANJIA_") else name.removeprefix("DAGUANJIA_").lower()
                values.setdefault(key, Path(path).read_text(encoding="utf-8").strip())
        return values


@lru_cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings()
