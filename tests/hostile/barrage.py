"""Firing at the doors and judging every answer by the same measure."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from httpx import AsyncClient, Response

from services.platform.database import Database, use_database
from tests.hostile.operations import JSON, Operation, json_of

CANARY = "kanarien <vogel> 0815"
"""Marks what was sent; no code of ours could be it. What passes for a code may be repeated: it is short and plain."""
PATIENCE = 60.0
"""Seconds of processor time: what is quadratic in the size of an attack takes minutes, however fast or busy the machine."""
_LOCKED_OUT = re.compile(r'"code":"(session\.(required|ended|over|invalid)|permission\.denied)"')
_FILED_IN_A_BATCH = re.compile(r'"status":"applied"[^{}]*"tracking_code":"')
_CODE = re.compile(r"[a-z_]+(\.[a-z_0-9]+)+")


@dataclass
class Barrage:
    """Sends requests as somebody suitable and collects every answer that is not as it must be."""

    clients: dict[str, AsyncClient]
    databases: dict[str, Database]
    headers: dict[str, dict[str, str]]
    known: dict[str, str]
    signers: dict[str, Callable[[bytes], dict[str, str]]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    sent: int = 0
    filed: int = 0
    made: set[str] = field(default_factory=set)

    async def fire(self, operation: Operation, what: str, *, refused: bool = False, url: str | None = None, **more: Any) -> Response:
        """Send one request; `refused`: it must not be taken. `what` names it where its answer is wrong."""
        use_database(self.databases[operation.door])
        more_headers = more.pop("headers", {})
        more, proof = self._signed(operation, more)
        headers = {**self.headers[operation.person], **self._usual(operation), **proof, **more_headers}
        headers = {name: value for name, value in headers.items() if value is not None}
        started = time.process_time()
        try:
            answer = await self.clients[operation.door].request(
                operation.method, url or operation.address(self.known), headers=headers, **more
            )
        except Exception as error:  # noqa: BLE001  an answer that never came is the worst of all
            self.wrong.append(f"{operation} · {what}: {error!r}")
            return Response(599)
        self.sent += 1
        self.filed += (
            answer.status_code == 201
            and ("tracking_code" in answer.text or '"outcome":"filed"' in answer.text)
            and operation.path != "/v1/tickets/{number}/repeats"  # told again: a code, and no ticket
        )
        self.filed += len(_FILED_IN_A_BATCH.findall(answer.text)) + self._made_of_an_opinion(operation, answer)
        fault = judge(answer, refused=refused and not operation.is_callback, own_shape=operation.is_callback)
        if time.process_time() - started > PATIENCE:
            fault = "took too long"
        if "Authorization" not in more_headers and not operation.ends_itself and _LOCKED_OUT.search(answer.text):
            fault = "not let in, so nothing was tried"
        if fault:
            self.wrong.append(f"{operation} · {what}: {fault}: {answer.status_code} {answer.text[:300]}")
        return answer

    def _made_of_an_opinion(self, operation: Operation, answer: Response) -> int:
        """Return 1 where a ticket was made of an opinion that was not told of before: its answer is the opinion, and has no code."""
        if operation.path != "/v1/opinions/{opinion_id}/ticket" or answer.status_code != 201:
            return 0
        made = {one["ticket"] for one in answer.json()["outcomes"] if one["id"] in answer.request.content.decode()} - self.made
        self.made |= made
        return len(made)

    @staticmethod
    def _usual(operation: Operation) -> dict[str, str]:
        """An If-Match that always matches and the version of tus that is spoken, so that a request gets as far as it can."""
        named = operation.parameters("header")
        usual = {"If-Match": "*", "Tus-Resumable": "1.0.0"}
        return {name: value for name, value in usual.items() if name.lower() in {one.lower() for one in named}}

    def _signed(self, operation: Operation, more: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The request with its body as bytes, and what proves that it is of the system it says it is of."""
        sign = self.signers.get(str(operation))
        if sign is None or not isinstance(more.get("content", b""), bytes):
            return more, {}
        if "json" in more:
            more = {**more, "content": json_of(more["json"])}
            del more["json"]
            return more, {"Content-Type": JSON, **sign(more["content"])}
        return more, sign(more.get("content", b""))


def _in_own_shape(answer: Response) -> bool:
    """Whether an answer is one of those that keep their own shapes: text, XML, or Open311's list of errors."""
    kind = answer.headers.get("content-type", "")
    return not kind.startswith("application/") or (
        kind == "application/json; charset=utf-8" and answer.json()[0]["code"] == answer.status_code
    )


def judge(answer: Response, *, refused: bool, own_shape: bool = False) -> str | None:
    """Return what is wrong with an answer; None where nothing is."""
    if answer.status_code >= 500:
        return "a failure of ours"
    if answer.status_code < 400 or answer.request.method == "HEAD":  # the answer to HEAD has no body, whatever it says
        return "taken, though it cannot be right" if refused and answer.status_code < 400 else None
    if own_shape and _in_own_shape(answer):
        return None
    if answer.headers.get("content-type") != "application/problem+json":
        return f"not a problem but {answer.headers.get('content-type')}"
    body = answer.json()
    if body.get("status") != answer.status_code or not _CODE.fullmatch(str(body.get("code"))) or not body.get("detail"):
        return "a problem without its members"
    return "repeats what was sent" if CANARY in answer.text else None
