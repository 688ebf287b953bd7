"""Rows of connected systems and of WeChat, and of nonces that were used."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

KINDS = ("pbx", "open311", "platform")


class Connection(Base):
    """A system that calls us, or that we call. Its secret is sealed; `key_hash` finds it by the secret it shows.

    After a rotation the previous secret is good until `previous_until`. `options` are the adapter's (zone, addresses, mapping…).
    """

    __tablename__ = "connections"
    __table_args__ = (CheckConstraint(f"kind IN {KINDS!r}", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    adapter: Mapped[str]
    name: Mapped[str]
    options: Mapped[Json]
    secret: Mapped[bytes]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    previous_secret: Mapped[bytes | None]
    previous_key_hash: Mapped[bytes | None] = mapped_column(unique=True)
    previous_until: Mapped[datetime | None]
    active: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class WeChatToken(Base):
    """The access token of an official account: the one copy all processes share, sealed.

    Whoever fetches a new one holds the lease while it asks WeChat, outside any transaction. `version` grows with each token. Fresh from
    `good_until` on, dead at `expires_at`. Forced refreshes are counted here for all. After a failure nobody asks before `failed_until`.
    """

    __tablename__ = "wechat_tokens"

    app_id: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes | None]
    version: Mapped[int]
    fetched_at: Mapped[datetime | None]
    good_until: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    forced_at: Mapped[datetime | None]
    forced_day: Mapped[date | None]
    forced_today: Mapped[int]
    failure: Mapped[str | None]
    failed_until: Mapped[datetime | None]


class WeChatPerson(Base):
    """What decides how somebody can be written to on WeChat; who it is, only the keyed index of the openid says.

    `message_sends` customer messages were sent since the person's last message, `touch_sends` since the last menu click, follow or scan.
    `consents`: how many subscription messages of each template id the person still allows. Deleted when the person unfollows.
    """

    __tablename__ = "wechat_people"

    openid_index: Mapped[bytes] = mapped_column(primary_key=True)
    last_message_at: Mapped[datetime | None]
    message_sends: Mapped[int] = mapped_column(server_default=text("0"))
    touched_at: Mapped[datetime | None]
    touch_sends: Mapped[int] = mapped_column(server_default=text("0"))
    consents: Mapped[Json] = mapped_column(server_default=text("'{}'"))


class WeChatFailure(Base):
    """WeChat's late word that a message it had taken did not arrive; kept until the message it belongs to has gone another way.

    A template message is known by `message_id`; a subscription message has none, and is known by person and template.
    """

    __tablename__ = "wechat_failures"
    __table_args__ = (Index(None, "recorded_at"), CheckConstraint("message_id IS NOT NULL OR template_id IS NOT NULL", name="known_by"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    openid_index: Mapped[bytes]
    message_id: Mapped[str | None]
    template_id: Mapped[str | None]
    reason: Mapped[str]
    recorded_at: Mapped[datetime]


class SeenPush(Base):
    """A nonce with its timestamp, and the message that came under it: both as keyed digests, kept while the window lets them in."""

    __tablename__ = "seen_pushes"

    nonce: Mapped[bytes] = mapped_column(primary_key=True)
    content: Mapped[bytes]
    seen_at: Mapped[datetime]
