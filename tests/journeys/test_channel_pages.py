"""Every page of docs/channels is typed in, word for word, against real processes: the ``sh`` blocks of a page are one script."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

import pytest

from daguanjia.stack import REPOSITORY
from tests.county import SHUIKOU
from tests.journeys.test_readme import GATHER, run

PAGES = sorted(path for path in (REPOSITORY / "docs/channels").glob("*.md") if path.name != "README.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("curl") is None, reason="the pages need curl")]


@pytest.fixture
def commands(commands):
    """An installation with every channel open, as the pages say at their beginning."""
    commands.environment |= {
        "DAGUANJIA_WECHAT_TOKEN": "pagetoken580",
        "DAGUANJIA_WECHAT_APP_ID": "wxb11529c136998cb6",
        "DAGUANJIA_WECHAT_AES_KEY": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        "DAGUANJIA_WEBHOOK_ALLOW_PRIVATE": "true",
        "PATH": f"{Path(sys.executable).parent}:{commands.environment['PATH']}",
    }
    return commands


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
async def test_page_can_be_typed_in(stack, page):
    await run(stack, sys.executable, "-c", GATHER, str(stack.home), SHUIKOU)
    script = "".join(BLOCK.findall(page.read_text(encoding="utf-8")))
    assert script.strip(), f"{page.name} shows nothing to type in"
    for shown, meant in (
        ("http://127.0.0.1:8000", stack.environment["DAGUANJIA_INTAKE_URL"]),
        ("http://127.0.0.1:8001", stack.environment["DAGUANJIA_REPORTING_URL"]),
        (".local/story.json", str(stack.home / "story.json")),
    ):
        script = script.replace(shown, meant)
    said = await asyncio.wait_for(run(stack, "sh", "-eu", "-c", script), 120)
    assert said.strip()
