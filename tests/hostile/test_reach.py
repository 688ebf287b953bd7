"""What is attacked is what there is: every route of both doors, with somebody who may and something that is there.

A route of another kind, a segment nobody gave a name, or an address at which nothing would be tried fails here.
"""

import pytest

from tests.hostile.operations import Operation, fresh, operations, turn
from tests.hostile.running import apps

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALL = operations()
_FILES = {("intake", "/openapi.json"), ("reporting", "/openapi.json")}
_NOTHING_TRIED = frozenset({401, 403, 404, 405})
_BEHIND_ANOTHER_PROOF = {
    "POST /v1/sessions": "a password",
    "POST /v1/sessions/refresh": "a refresh token",
    "GET /v1/wechat/callback": "a signature",
    "POST /v1/wechat/callback": "a signature",
    "GET /v1/wecom/callback": "a signature",
    "POST /v1/wecom/callback": "a signature",
    "POST /v1/single-sign-on": "a provider",
    "POST /v1/single-sign-on/sessions": "a provider",
    "POST /v1/single-sign-on/second-factor": "a provider",
    "POST /v1/complaints/{number}/progress": "a tracking code",
    "POST /v1/complaints/{number}/journey": "a tracking code",
    "POST /v1/complaints/{number}/confirmations": "a tracking code",
    "POST /v1/complaints/{number}/appeals": "a tracking code",
    "POST /v1/complaints/{number}/objections": "a tracking code",
    "POST /open311/v2/requests.{fmt}": "a key",
    "GET /open311/v2/tokens/{token}.{fmt}": "a key",
    "GET /open311/v2/servicerequestupdates.{fmt}": "a key",
    "POST /open311/v2/servicerequestupdates.{fmt}": "a key",
}
"""Attacked with it in test_channels.py and test_wire.py; without it in test_bodies.py."""
_BEHIND_A_STEP = {
    "POST /v1/me/second-factor/confirmation": "an enrolment",
    "DELETE /v1/accounts/{member_id}/second-factor": "a second factor",
    "POST /v1/assessments/{run_id}/finalization": "four eyes",
    "POST /v1/assessments/{run_id}/appeals/{appeal_id}/decision": "four eyes",
    "POST /v1/leaves/{leave_id}/deputies": "a post of whoever is away, and a colleague",
    "POST /v1/policies/{kind}/{version}/activation": "four eyes",
    "PUT /v1/webhook-subscriptions/{subscription_id}/entitlement": "four eyes",
    "GET /v1/opinions/{opinion_id}/files/{attachment_id}": "a file of the opinion",
    "GET /v1/help-items/{item_id}/files/{attachment_id}": "a file of the item",
    "GET /v1/mediations/{mediation_id}/files/{attachment_id}": "a file of the mediation",
    "GET /v1/matters/{matter_id}/certificate": "a matter that was struck off",
    "POST /v1/year-end/questions": "a matter of the example's id",
    "POST /v1/year-end/questions/{question_id}/answers": "whoever was asked",
    "POST /v1/hotline/notes": "a ticket of the example's number",
    "POST /v1/notices/corrections": "a month that was published",
    "GET /v1/notice/results": "a month that was published",
    "PUT /v1/saved-reports/{saved_id}/schedule": "a subscription to it",
    "GET /v1/tickets/{number}/reception": "a petition",
    "GET /v1/tickets/{number}/exclusion": "a proposal",
    "POST /v1/tickets/{number}/exclusion/decision": "a proposal",
    "POST /v1/tickets/{number}/exclusion/appeal": "a proposal",
    "POST /v1/tickets/{number}/exclusion/appeal/decision": "a proposal",
}
"""Reached, and refused for what has not happened yet."""


async def test_every_route_is_an_operation_that_is_attacked():
    routed = set()
    for door, app in apps().items():
        for route in app.routes:
            for method in getattr(route, "methods", None) or {"any"}:
                routed.add((door, method, route.path))
    attacked = {(found.door, found.method, found.path) for found in ALL}
    others = {(door, path) for door, _method, path in routed - attacked}
    assert others == _FILES
    assert attacked <= routed


async def test_every_segment_of_an_address_has_a_name(opened):
    _, barrage = opened
    unnamed = [(str(found), name) for found in ALL for name in found.parameters("path") if not set(found.keys(name)) & set(barrage.known)]
    assert not unnamed


async def test_something_is_tried_at_every_address(barrage):
    """A plain request of somebody who may, readers first: not refused before anything was looked at."""
    left = []
    for operation in sorted(ALL, key=turn):
        statuses = await _asked(barrage, operation)
        if statuses <= _NOTHING_TRIED:
            left.append(str(operation))
    assert set(left) == {*_BEHIND_ANOTHER_PROOF, *_BEHIND_A_STEP}


async def _asked(barrage, operation: Operation) -> set[int]:
    bodies = operation.bodies() if operation.takes_json else [None]
    told = [{} if body is None else {"json": fresh(body)} for body in bodies]
    return {(await barrage.fire(operation, "plain", **more)).status_code for more in told}
