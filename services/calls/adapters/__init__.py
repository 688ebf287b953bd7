"""Exchanges: for each kind one reader of its posts, and how it wants to be answered. A new vendor is one function and one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.calls.adapters import ami, asterisk, freeswitch, generic, twilio, vendors
from services.calls.adapters.values import Post, Source
from services.calls.events import Told

Reader = Callable[[Post, Source], tuple[Told, ...]]


@dataclass(frozen=True, slots=True)
class Adapter:
    """How posts are read and acknowledged. `zone` is its times' where the connection names none; `signed`: posts are."""

    name: str
    read: Reader
    body: str = "ok"
    content_type: str = "text/plain"
    zone: str = "Asia/Shanghai"
    signed: bool = False


_ALL = (
    Adapter("asterisk", asterisk.read_post),
    Adapter("ami", ami.read_post),
    Adapter("freeswitch", freeswitch.read_post),
    Adapter("twilio", twilio.read_post, '<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml", zone="UTC", signed=True),
    Adapter("aliyun", vendors.read_aliyun, '{"code":0,"msg":"接收成功"}', "application/json"),
    Adapter("volcengine", vendors.read_volcengine, '{"code":0,"message":"success"}', "application/json"),
    Adapter("cti", vendors.read_cti),
    Adapter("xswitch", vendors.read_xswitch, '{"code":200,"message":"OK"}', "application/json"),
    Adapter("generic", generic.read_post, '{"taken":true}', "application/json"),
)
ADAPTERS: Mapping[str, Adapter] = {one.name: one for one in _ALL}
"""By the name a connection gives as its `adapter`."""
