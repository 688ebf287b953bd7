"""The notebook runs against a real door, and what it says follows from what is there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import uvicorn

from reporting_api import repeats, reports
from services.platform.database import INTAKE, REPORTING
from services.web.app import create_app
from tests.exports.notebook import NOTEBOOK, executed
from tests.reports import ground
from tests.reports.signing import signed_in_as


@asynccontextmanager
async def listening(doors) -> AsyncIterator[str]:
    """Run the reporting door on a port over the database of the test; give its address."""
    app = create_app(title="reports", role=REPORTING, routers=(repeats.router, reports.router))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none"))
    async with doors.county.as_role(REPORTING):
        task = asyncio.create_task(server._serve())
        while not server.started:  # noqa: ASYNC110  uvicorn tells it in no other way
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def test_its_cells_answer_all_three_questions(doors, monkeypatch):
    async with doors.county.as_role(INTAKE):
        token = (await signed_in_as("analyst"))["Authorization"].removeprefix("Bearer ")
    async with listening(doors) as url:
        monkeypatch.setenv("DAGUANJIA_REPORTING_URL", url)
        monkeypatch.setenv("DAGUANJIA_TOKEN", token)
        monkeypatch.setenv("DAGUANJIA_UNTIL", str((ground.NOON + timedelta(days=10)).date()))
        notebook, names = await asyncio.to_thread(executed, NOTEBOOK)
    said = ["".join(line for out in cell["outputs"] for line in out["text"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(said)
    towns = names["towns"]
    assert towns.attrs["metric"].startswith("on_time_rate@")
    assert towns.denominator.sum() == names["total"]["denominator"] > 0
    assert ((towns.low <= towns.numerator / towns.denominator) & (towns.numerator / towns.denominator <= towns.high)).all()
    assert names["drivers"].received.sum() == names["received"].attrs["total"]["numerator"] > 0
    assert names["calls"].sum() == names["received"].attrs["total"]["numerator"]  # all of them came by the hotline here
    assert "rank correlation" in said[2]


def test_small_townships_are_not_called_slow():
    names = {}
    code = next(cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if "def wilson" in "".join(cell["source"]))
    exec("from math import sqrt\n" + "".join(code["source"]).partition("\n\n\ntowns")[0], names)
    low, high = names["wilson"](2, 4)
    assert low < 0.5
    assert high > 0.9  # two of four says nothing against a county of nine in ten
    assert names["wilson"](500, 1000)[1] < 0.9
    assert names["wilson"](0, 0) == (None, None)


def test_its_outputs_are_kept_and_of_the_cells_as_they_are():
    cells = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert all(cell["outputs"] for cell in cells)
