"""Files go to an object store where a URL names one: here a real HTTP server that speaks what S3's clients speak."""

import asyncio
import io
from contextlib import asynccontextmanager

import pytest
import uvicorn

from services.attachments.store import ObjectStorage, _opened
from services.platform.errors import Unavailable


class Bucket:
    """Keeps what is PUT and gives it back on GET."""

    def __init__(self):
        self.kept, self.signed, self.away = {}, [], False

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.signed.append(headers.get("authorization", ""))
        status, answer = 404, b""
        if self.away:
            status = 403
        elif scope["method"] == "PUT":
            status, self.kept[scope["path"]] = 200, body
        elif scope["path"] in self.kept:
            status, answer = 200, self.kept[scope["path"]]
        found = [(b"etag", b'"1"'), (b"last-modified", b"Sun, 22 Nov 2026 00:00:00 GMT"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": found})
        await send({"type": "http.response.body", "body": answer})


@asynccontextmanager
async def serving(bucket):
    server = uvicorn.Server(uvicorn.Config(bucket, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none"))
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


async def test_file_kept_under_an_s3_url_comes_back_and_a_store_that_refuses_is_a_clear_answer(monkeypatch, tmp_path):
    bucket = Bucket()
    async with serving(bucket) as address:
        for name, value in (
            ("AWS_ENDPOINT_URL", address),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "county"),
            ("AWS_SECRET_ACCESS_KEY", "for tests only"),
            ("AWS_REGION", "cn-south-1"),
        ):
            monkeypatch.setenv(name, value)
        _opened.cache_clear()
        store = _opened("s3://heping/files", tmp_path)
        assert isinstance(store, ObjectStorage)
        await store.keep("ab/cdef", io.BytesIO(b"picture"))
        assert b"".join([piece async for piece in store.read("ab/cdef")]) == b"picture"
        assert list(bucket.kept) == ["/heping/files/ab/cdef"]
        assert all("county" in signature for signature in bucket.signed)

        bucket.away = True
        with pytest.raises(Unavailable) as refused:
            await store.keep("ab/other", io.BytesIO(b"picture"))
        assert refused.value.code == "attachment.store_away"
        with pytest.raises(Unavailable):
            [piece async for piece in store.read("ab/cdef")]
    _opened.cache_clear()
