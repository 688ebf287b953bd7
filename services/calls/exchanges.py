"""An exchange as its connection describes it: the options, checked and typed. Pure.

=======================  ================================================================================================
option                   what
=======================  ================================================================================================
``zone``                 zone of times that carry none; default: the adapter's (Asia/Shanghai for most)
``numbers``              the hotline's own numbers and agents' own telephones; any other is nobody's agent and not kept in clear
``direction``            ``inbound`` (default) or ``outbound``, where posts do not say
``header``               header that carries the shared secret; default ``X-Hotline-Token``
``secret_in_query``      name of a query parameter with the secret, for vendors that can set no header
``addresses``            networks posts may come from, such as ``["10.1.0.0/16"]``; empty: from anywhere
``public_url``           scheme and host as the vendor sees them, for signatures over the address
``sides``                the vendor's codes for who hung up, such as ``{"0": "caller", "1": "agent"}``
``fields``               ``{"theirs": …, "ours": …}``: which fields of a CTI report hold the two numbers
``acknowledgement``      ``{"body": …, "content_type": …}`` in place of the adapter's
``recordings``           ``{"base_url", "path", "allow_private", "user", "secret_of"}``; see `recordings.py`
``files``                ``{"cdr": …, "queue_log": …}``: names below ``DAGUANJIA_EXCHANGE_FILES`` to reconcile with
=======================  ================================================================================================
"""

import ipaddress
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from services.calls.adapters import ADAPTERS, Adapter
from services.calls.adapters.values import Source
from services.connections.directory import ConnectedSystem

KIND = "pbx"
HEADER = "X-Hotline-Token"
UNKNOWN = Adapter("unknown", lambda _post, _source: ())
"""Reads nothing: its posts are kept as they came."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Acknowledgement(_Part):
    """What a vendor wants to hear."""

    body: str = ""
    content_type: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e][\x20-\x7e]{0,99}$")] = "text/plain"


class Recordings(_Part):
    """Where recordings are fetched from; nothing outside `base_url` ever is. `secret_of`: the connection whose secret is the password."""

    base_url: str
    path: str = "{name}"
    allow_private: bool = False
    user: str | None = None
    secret_of: str | None = None


class Files(_Part):
    """Names of the exchange's own files."""

    cdr: str | None = None
    queue_log: str | None = None


class Options(_Part):
    """All options of a connection of kind ``pbx``."""

    zone: str | None = None
    numbers: list[str] = Field(default_factory=list)
    direction: Literal["inbound", "outbound"] = "inbound"
    header: str = HEADER
    secret_in_query: str | None = None
    addresses: list[str] = Field(default_factory=list)
    public_url: str | None = None
    sides: dict[str, Literal["caller", "agent", "system"]] = Field(default_factory=dict)
    fields_: dict[str, str] = Field(default_factory=dict, alias="fields")
    acknowledgement: Acknowledgement | None = None
    recordings: Recordings | None = None
    files: Files | None = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (KeyError, ValueError, OSError):
                raise ValueError("is no time zone") from None
        return zone

    @field_validator("public_url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is not None and not (urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname):
            raise ValueError("is no address")
        return url

    @field_validator("addresses")
    @classmethod
    def _networks(cls, addresses: list[str]) -> list[str]:
        for one in addresses:
            ipaddress.ip_network(one, strict=False)
        return addresses


@dataclass(frozen=True, slots=True, repr=False)
class Exchange:
    """A connected exchange. `fault`: its options cannot be used as they are; its posts are kept and wait for them to be put right."""

    system: ConnectedSystem
    options: Options
    adapter: Adapter
    source: Source
    fault: str | None = field(default=None)

    @property
    def code(self) -> str:
        """What its events and calls are filed under."""
        return self.system.code

    @property
    def acknowledgement(self) -> Acknowledgement:
        """What it wants to hear."""
        return self.options.acknowledgement or Acknowledgement(body=self.adapter.body, content_type=self.adapter.content_type)

    def takes_from(self, address: str | None) -> bool:
        """Tell whether posts may come from this address."""
        if not self.options.addresses:
            return not self.system.options.get("addresses")  # a list that cannot be read opens nothing
        try:
            found = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        found = found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found
        return any(found in ipaddress.ip_network(one, strict=False) for one in self.options.addresses)


def exchange_of(system: ConnectedSystem) -> Exchange:
    """Return the exchange a connection describes. Bad options never lose a post: they are a `fault`, and what comes stays unread."""
    adapter, fault = ADAPTERS.get(system.adapter, UNKNOWN), None
    try:
        options = Options.model_validate(system.options)
    except ValidationError as why:  # what is right stays in force: above all from where posts may come
        wrong = {error["loc"][0] for error in why.errors()}
        options = Options.model_validate({name: value for name, value in system.options.items() if name not in wrong})
        fault = "options.invalid"
    if adapter is UNKNOWN:
        fault = "adapter.unknown"
    source = Source(
        zone=ZoneInfo(options.zone or adapter.zone),
        numbers=frozenset(options.numbers),
        direction=options.direction,
        sides=options.sides,
        fields=options.fields_,
    )
    return Exchange(system, options, adapter, source, fault)
