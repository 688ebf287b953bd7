"""The session that the README shows is typed in, word for word, against real processes."""

import asyncio
import json
import re
import shutil
import sys

import pytest

from daguanjia.stack import REPOSITORY
from tests.county import SHUIKOU

SESSION = re.compile(r"^```sh\n(INTAKE=.*?)^```", re.DOTALL | re.MULTILINE)
pytestmark = pytest.mark.slow

PATIENCE = 60
GATHER = (
    "import asyncio, pathlib, sys\nfrom daguanjia.story.people import gather\nasyncio.run(gather(pathlib.Path(sys.argv[1]), sys.argv[2]))"
)


async def run(stack, *program: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *program, env=stack.environment, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(
            f"not done after {PATIENCE} s; the worker said: {(stack.home / 'logs/worker.log').read_text()[-2000:]}"
        ) from None
    assert process.returncode == 0, said.decode()
    return said.decode()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's session needs curl")
async def test_session_of_the_readme_files_accepts_tracks_and_counts(stack):
    await run(stack, sys.executable, "-c", GATHER, str(stack.home), SHUIKOU)
    (session,) = SESSION.findall((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    for shown, meant in (
        ("http://127.0.0.1:8000", stack.environment["DAGUANJIA_INTAKE_URL"]),
        ("http://127.0.0.1:8001", stack.environment["DAGUANJIA_REPORTING_URL"]),
        (".local/story.json", str(stack.home / "story.json")),
    ):
        assert shown in session
        session = session.replace(shown, meant)
    session = re.sub(r"^(curl .*)$", r"\1; echo", session, flags=re.MULTILINE)
    said = [json.loads(line) for line in (await run(stack, "sh", "-eu", "-c", session)).splitlines() if line.strip()]
    filed, seen, why, accepted, tracked, figure, tickets = said
    assert not filed["duplicate"]
    assert (seen["status"], seen["holder"]["code"], seen["version"]) == ("dispatched", SHUIKOU, 2)
    assert why["items"][0]["why"]["rule"] == "category"
    assert (accepted["status"], accepted["version"]) == ("accepted", 3)
    assert (tracked["number"], tracked["status"]) == (filed["number"], "accepted")
    assert (figure["metric"], figure["by"]) == ("received@1", "unit:township")
    assert tickets["part"] == "numerator"
