"""tus-js-client, the client of phones and pages, against a real door: where `node` and the package are (`TUS_JS_CLIENT`, or NODE_PATH)."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from services.platform.ids import new_id
from tests.attachments.doors import listening
from tests.attachments.test_uploads import BIG

SCRIPT = Path(__file__).parent / "tus_js" / "upload.mjs"


def package() -> Path | None:
    """Where the package lies: the folder TUS_JS_CLIENT names, or one of NODE_PATH."""
    folders = [
        os.environ.get("TUS_JS_CLIENT", ""),
        *(f"{path}/tus-js-client" for path in os.environ.get("NODE_PATH", "").split(":") if path),
    ]
    return next((Path(folder) for folder in folders if folder and (Path(folder) / "package.json").is_file()), None)


pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or package() is None,
    reason="needs node and tus-js-client: npm install --prefix FOLDER tus-js-client, TUS_JS_CLIENT=FOLDER/node_modules/tus-js-client",
)


@pytest.fixture
async def address(desk):
    async with listening() as found:
        yield found


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(BIG)
    return path


@pytest.fixture
def tus_js(desk, address, photo):
    async def run(**asked) -> dict:
        options = {"package": str(package()), "endpoint": f"{address}/v1/uploads", "file": str(photo)}
        options |= {"headers": desk.county.signed_in("grid"), **asked}
        process = await asyncio.create_subprocess_exec(
            "node", str(SCRIPT), json.dumps(options), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            said, failed = await asyncio.wait_for(process.communicate(), 30)
        except TimeoutError:
            process.kill()
            raise
        assert process.returncode == 0, failed.decode()
        return json.loads(said.splitlines()[0])

    return run


async def fetched(desk, attachment_id: str) -> bytes:
    return (await desk.http.get(f"/v1/attachments/{attachment_id}", headers=desk.county.signed_in("grid"))).content


@pytest.mark.parametrize("asked", [{}, {"along": True}, {"deferred": True}, {"override": True}, {"chunkSize": 10**9}], ids=str)
async def test_it_uploads_a_file(desk, tus_js, asked):
    told = await tus_js(metadata={"filename": "水管.png"}, **asked)
    assert told["outcome"] == "done", told
    assert await fetched(desk, told["attachmentId"]) == BIG


async def test_it_goes_on_after_a_break(desk, tus_js):
    first = await tus_js(abortAfter=600_000)
    assert (first["outcome"], "attachmentId" in first) == ("broken off", False)
    assert first["expires"].endswith("GMT")
    again = await tus_js(uploadUrl=first["url"])
    assert (again["outcome"], again["url"]) == ("done", first["url"])
    assert again["statuses"][0] == 200  # it asked with HEAD, and created nothing
    assert await fetched(desk, again["attachmentId"]) == BIG


async def test_one_that_forgot_the_address_finds_it_by_its_own_id(desk, tus_js):
    named = {"metadata": {"upload_id": str(new_id())}}
    first = await tus_js(abortAfter=600_000, **named)
    again = await tus_js(**named)
    assert (again["outcome"], again["url"]) == ("done", first["url"])
    assert again["statuses"][:3] == [201, 409, 200]
    assert await desk.count("attachments") == 1


async def test_it_ends_an_upload(desk, tus_js):
    told = await tus_js(abortAfter=300_000, end=True)
    assert (told["outcome"], told["statuses"][-1]) == ("ended", 204)
    assert await desk.database.value("SELECT state FROM uploads") == "gone"


async def test_it_is_told_what_is_refused_and_does_not_try_for_ever(tus_js, photo):
    photo.write_text("<html>" * 2000)
    told = await tus_js()
    assert told["outcome"] == "failed"
    assert "attachment.type_not_taken" in told["error"]
    assert told["statuses"] == [201, 415]
