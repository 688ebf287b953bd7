"""Every address of both doors answers with its guards, sets no cookie, and lets nobody keep what is personal."""

import pytest

from services.web.guards import ALWAYS
from tests.hostile.operations import fresh, operations, turn

pytestmark = pytest.mark.asyncio(loop_scope="module")
GUARDS = {name.decode() for name, _ in ALWAYS}
FOR_EVERYBODY = {
    "GET /anchors",
    "GET /anchors/consistency",
    "GET /anchors/{day}",
    "GET /dashboard",
    "GET /bulletins",
    "GET /bulletins/{number}",
    "GET /notice",
    "GET /notice/directory",
    "GET /notice/matters",
    "GET /notice/directory/{code}",
    "GET /pages/{path}",
    "GET /v1/notice/matters",
    "GET /v1/notice/periods",
    "GET /v1/notice/results",
    "GET /v1/notice/places",
    "GET /v1/notice/places/{code}",
}
"""Published, or a page without anything in it: others may keep these."""


async def test_every_answer_is_guarded_sets_no_cookie_and_is_kept_by_nobody_it_does_not_concern(barrage):
    wrong, kept = [], set()
    for operation in sorted(operations(), key=turn):
        bodies = operation.bodies() if operation.takes_json else [None]
        for more in [{} if body is None else {"json": fresh(body)} for body in bodies[:1]]:
            answer = await barrage.fire(operation, "plain", **more)
            missing = GUARDS - set(answer.headers)
            control = answer.headers.get("cache-control", "")
            if missing or "set-cookie" in answer.headers or len(answer.headers.get_list("cache-control")) != 1:
                wrong.append((str(operation), missing, control))
            if "no-store" not in control and "private" not in control:
                kept.add(str(operation).replace("{path:path}", "{path}"))
    assert not wrong
    assert kept <= FOR_EVERYBODY
    assert {"GET /notice", "GET /anchors"} <= kept
