"""A short soak: every way in at once against real processes, doubled, late and out of order, the worker killed; then an exact ledger."""

import asyncio
import os
import signal

import asyncpg
import httpx
import pytest

from bench.soak.__main__ import environment, people_of, pour, settled
from bench.soak.ledger import balance, faults
from bench.soak.subscriber import subscribing
from bench.soak.ways import WAYS
from daguanjia.stack import doors
from daguanjia.supervisor import Supervisor

pytestmark = pytest.mark.slow
SECONDS, RATE, SEED = 5.0, 3.0, 580


@pytest.fixture
def commands(commands):
    """An installation with WeChat open as the soak speaks it."""

    class Addresses:
        database_url, redis_url = commands.environment["DATABASE_URL"], commands.environment["REDIS_URL"]

    ports = commands.plan.intake_port, commands.plan.reporting_port
    told = environment(Addresses, commands.home, ports)
    own = "DAGUANJIA_SECRET"  # by which this process reads what was sealed
    commands.environment |= {name: value for name, value in told.items() if name.startswith("DAGUANJIA_") and name != own}
    return commands


async def test_everything_acknowledged_is_there_once(commands):
    silent: list[str] = []
    async with subscribing() as subscriber, Supervisor(doors(commands.plan, commands.environment), silent.append) as supervisor:
        await supervisor.ready()
        async with httpx.AsyncClient(base_url=commands.environment["DAGUANJIA_INTAKE_URL"], timeout=20) as http:
            people = await people_of(http, subscriber.url)
            subscriber.busy = 0  # the ladder's second step is minutes away
            subscriber.secret = people.secrets["hook"]
            killing = asyncio.get_running_loop().call_later(2, lambda: os.kill(supervisor.pids()["worker"], signal.SIGKILL))
            parcels, _post = await pour(http, people, SECONDS, RATE, SEED)
            killing.cancel()
        connection = await asyncpg.connect(commands.environment["DATABASE_URL"])
        try:
            assert await settled(connection) == {}
            lines = await balance(connection, parcels)
            assert {line.way for line in lines} == set(WAYS)
            for line in lines:
                assert line.right, line
                assert line.acknowledged == line.sent, line
            assert await faults(connection) == {}
            told = {str(row[0]) for row in await connection.fetch("SELECT id FROM webhook_deliveries")}
        finally:
            await connection.close()
    assert told
    assert told == set(subscriber.heard)
    assert not subscriber.badly_signed
