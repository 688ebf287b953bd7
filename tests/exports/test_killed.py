"""A worker that is killed while it makes a file, for real: nothing is shown of what it did, and another makes the file."""

import os
import signal
import subprocess
import sys
import time

from tests.exports.conftest import WHOLE

_DYING = """
import asyncio, sys

from services.attachments.store import store
from services.exports import making, sources
from services.platform.database import WORKER, Database, use_database
from services.platform.doorbell import Doorbell, use_doorbell


async def main():
    use_database(Database(sys.argv[1], WORKER, pool_size=2))
    use_doorbell(Doorbell(""))
    whole = sources.rows_of

    async def stuck(work, source, question):
        async for page in whole(work, source, question):
            yield page
            print("read", flush=True)
            await asyncio.sleep(3600)

    making.rows_of = stuck
    await making.make_next(store())


asyncio.run(main())
"""


async def test_a_worker_killed_while_it_writes_leaves_nothing_and_another_makes_the_file(doors, home):
    asked = await doors.ask("figure-tickets", metric="received", **WHOLE)
    environment = {**os.environ, "DAGUANJIA_HOME": str(home)}
    process = subprocess.Popen([sys.executable, "-c", _DYING, doors.county.url], env=environment, stdout=subprocess.PIPE)  # noqa: ASYNC220
    assert process.stdout is not None
    assert process.stdout.readline() == b"read\n"
    process.send_signal(signal.SIGKILL)
    process.wait(120)
    assert (await doors.reporting(f"/v1/exports/{asked['id']}")).json()["state"] == "running"
    assert list((home / "spool").iterdir()) == []
    assert await doors.make() == 0  # until its lease is over
    await doors.county.owner.execute("UPDATE exports SET busy_until = now()")
    until = time.monotonic() + 300
    while not await doors.make():
        assert time.monotonic() < until
    view = (await doors.reporting(f"/v1/exports/{asked['id']}")).json()
    assert (view["state"], view["rows_done"], view["rows_estimated"]) == ("ready", view["rows_done"], view["rows_done"])
    assert view["rows_done"] > 0
    assert await doors.county.value("SELECT attempt FROM exports WHERE id = $1", asked["id"]) == 2
