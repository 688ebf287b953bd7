"""Files in part: a recording can be wound to, and a broken download goes on where it stopped."""

import pytest

from services.web.ranges import Asked, RangeNotSatisfiable, span_of
from tests.attachments.samples import JPEG
from tests.attachments.test_attachments import upload

TAG = '"abc"'


@pytest.mark.parametrize(
    ("part", "span"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=50-1000", (50, 100)),
        ("Bytes=5-6", (5, 7)),
        ("bytes=9-5", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("", None),
    ],
)
def test_one_range_of_bytes_is_understood_and_everything_else_is_the_whole_file(part, span):
    assert span_of(Asked(part), TAG, 100) == span


@pytest.mark.parametrize("part", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999-"])
def test_range_past_the_end_is_refused_with_the_length(part):
    with pytest.raises(RangeNotSatisfiable) as refused:
        span_of(Asked(part), TAG, 100)
    assert refused.value.headers == {"Content-Range": "bytes */100"}


@pytest.mark.parametrize(
    ("if_range", "span"), [(TAG, (1, 3)), ('"other"', None), ('W/"abc"', None), ("Sun, 22 Nov 2026 00:00:00 GMT", None)]
)
def test_a_part_is_only_given_of_the_file_one_has(if_range, span):
    assert span_of(Asked("bytes=1-2", if_range), TAG, 100) == span


async def test_parts_of_a_download_make_the_whole(desk):
    view = (await upload(desk)).json()
    address, headers = f"/v1/attachments/{view['id']}", desk.county.signed_in("operator")
    whole = await desk.http.get(address, headers=headers)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    pieces = b""
    for part in ("bytes=0-9", "bytes=10-19", "bytes=20-"):
        reply = await desk.http.get(address, headers=headers | {"Range": part, "If-Range": whole.headers["etag"]})
        assert reply.status_code == 206
        assert int(reply.headers["content-length"]) == len(reply.content)
        pieces += reply.content
    assert pieces == whole.content == JPEG
    assert reply.headers["content-range"] == f"bytes 20-{len(JPEG) - 1}/{len(JPEG)}"


async def test_a_range_behind_the_end_is_416_and_head_looks_at_no_range(desk):
    view = (await upload(desk)).json()
    address, headers = f"/v1/attachments/{view['id']}", desk.county.signed_in("operator")
    reply = await desk.http.get(address, headers=headers | {"Range": f"bytes={len(JPEG)}-"})
    assert (reply.status_code, reply.json()["code"]) == (416, "range.not_satisfiable")
    assert reply.headers["content-range"] == f"bytes */{len(JPEG)}"
    head = await desk.http.head(address, headers=headers | {"Range": "bytes=0-9"})
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(JPEG)))
