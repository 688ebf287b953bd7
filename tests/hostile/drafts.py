"""Requests as they would be right, ready to be spoilt: one of any operation, with the proof that lets it past the gate."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlencode

from services.platform.clock import now
from tests.channels.platforms import sign, xml
from tests.hostile.ground import TUS, Signer
from tests.hostile.open_channels import WECHAT_TOKEN, WECOM_TOKEN
from tests.hostile.operations import JSON, Operation, fresh, json_of
from tests.journeys.people import PICTURE

FORM = "application/x-www-form-urlencoded"
Header = tuple[bytes, bytes]


@dataclass
class World:
    """What drafts are made from: names of what there is, what signs for connected systems, codes, and who may ask with which credential."""

    known: dict[str, str]
    signers: dict[str, Signer]
    secrets: dict[str, str]
    code: str
    callers: dict[str, Callable[[Random], str | None]]


@dataclass
class Draft:
    """A request before it becomes bytes. `example`: its JSON body, where it has one that was not turned into bytes yet."""

    operation: Operation
    method: str
    path: str
    query: list[bytes] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)
    body: bytes = b""
    example: object = None
    proven: bool = False

    def header(self, name: str, value: bytes | str) -> None:
        """Set a header, in place of what it was."""
        self.headers = [one for one in self.headers if one[0].lower() != name.lower().encode()]
        self.headers.append((name.encode(), value if isinstance(value, bytes) else value.encode("latin-1", "replace")))


def drafted(operation: Operation, world: World, dice: Random) -> Draft:
    """Return a right request for an operation, of whoever it is."""
    draft = Draft(operation, operation.method, operation.address(world.known))
    names = {name.lower() for name in operation.parameters("header")}
    if "if-match" in names:
        draft.header("If-Match", "*")
    if "tus-resumable" in names or "/uploads" in operation.path:
        for name, value in TUS.items():
            draft.header(name, value)
    if "x-tracking-code" in names and dice.random() < 0.8:
        draft.header("X-Tracking-Code", world.code)
    draft.proven = dice.random() < 0.8
    _fill(draft, dice)
    return draft


def _fill(draft: Draft, dice: Random) -> None:
    """Give a draft the body its operation takes."""
    operation = draft.operation
    if operation.method not in ("POST", "PUT", "PATCH"):
        return
    if operation.takes_json:
        draft.example = fresh(copy.deepcopy(dice.choice(operation.bodies())))
        draft.header("Content-Type", JSON)
    elif operation.path.startswith(("/v1/wechat", "/v1/wecom")):
        said = {"ToUserName": "gh", "FromUserName": f"o{dice.randrange(50)}", "CreateTime": int(now().timestamp()), "MsgType": "text"}
        draft.body = xml(**said, Content="水管爆了", MsgId=dice.randrange(10**9)).encode()
        draft.header("Content-Type", "text/xml")
    elif operation.path.startswith("/open311"):
        wish = {"service_code": "consultation.policy", "description": "x", "service_request_id": "x", "lat": "24.4", "long": "114.9"}
        draft.body = urlencode({**wish, "update_id": dice.randrange(10**9), "status": "open"}).encode()
        draft.header("Content-Type", FORM)
    elif operation.path.startswith("/v1/hotline/calls"):
        call = {"event": "hangup", "call_id": f"c{dice.randrange(10**9)}", "caller": "13800000123", "callee": "580", "CallSid": "CA1"}
        draft.body = urlencode({**call, "end": "2026-11-22 01:58:20"}).encode()
        draft.header("Content-Type", FORM)
    elif operation.path.startswith("/v1/attachments"):
        draft.body = PICTURE
        draft.header("Content-Type", "image/png")
    elif operation.path.startswith("/v1/uploads"):
        draft.body = b"x" * dice.randrange(20) if operation.method == "PATCH" else b""
        draft.header("Content-Type", "application/offset+octet-stream")


def settled(draft: Draft) -> None:
    """Turn the JSON body into bytes, if it is not yet."""
    if draft.example is not None:
        draft.body, draft.example = json_of(draft.example), None


def prove(draft: Draft, world: World) -> None:
    """Add what proves that a connected system asks, over the body as it is now; nothing where none is needed or it shall be forged."""
    if not draft.proven:
        return
    path = draft.operation.path
    if path.startswith(("/v1/wechat", "/v1/wecom")):
        token = WECOM_TOKEN if "wecom" in path else WECHAT_TOKEN
        stamp, nonce = str(int(now().timestamp())), str(now().timestamp())
        signature = sign(token, stamp, nonce)
        draft.query.append(urlencode({"timestamp": stamp, "nonce": nonce, "signature": signature}).encode())
    elif path.startswith("/open311"):
        draft.query.append(b"api_key=" + world.secrets["open311"].encode())
    elif signer := world.signers.get(str(draft.operation)):
        for name, value in signer(draft.body).items():
            draft.header(name, value)
