"""The command and the worker's duties over calls, as they are run."""

import asyncio

from dispatch_worker.jobs.exchange import fetch_recordings, reconcile_calls
from dispatch_worker.station import Station
from services.connections.commands import AddConnection
from services.connections.directory import forget_connected_systems
from services.platform.actor import SYSTEM
from services.platform.database import OWNER, WORKER, Database, use_database
from services.platform.doorbell import Doorbell, use_doorbell
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from tests.calls.exchange import play
from tests.calls.vectors import CDR, FOUR, QUEUE_LOG
from tests.command.test_loading import filled
from tests.notifications.platform import Said, playing

__all__ = ["filled"]
STATION = Station(handlers={}, senders=None, batch=1)


def connect(url):
    """Connect an exchange in the database at `url`."""

    async def add():
        from services.connections.actions import add_connection

        opened = Database(url, OWNER)
        use_database(opened)
        use_doorbell(Doorbell(""))
        try:
            async with unit_of_work(SYSTEM) as work:
                await add_connection(
                    work, AddConnection(code="pbx-580", kind="pbx", adapter="asterisk", name="580", options={"zone": "UTC"})
                )
        finally:
            use_database(None)
            use_doorbell(None)
            await opened.close()

    asyncio.run(add())
    forget_connected_systems()


def test_reconcile_calls_says_what_it_did_and_does_it_once(filled, tmp_path):
    connect(filled.url)
    records, log = tmp_path / "Hotline.csv", tmp_path / "queue_log"
    records.write_text(CDR)
    log.write_text(QUEUE_LOG)
    files = ("--source", "pbx-580", "--cdr", str(records), "--queue-log", str(log))
    code, said = filled.run("reconcile-calls", *files)
    assert (code, said) == (0, "32 lines read, 30 events were missing, 0 lines could not be read.")
    assert filled.run("reconcile-calls", *files)[1] == "32 lines read, 0 events were missing, 0 lines could not be read."
    assert filled.value("SELECT count(*) FROM calls WHERE disposition = 'answered'") == 4


def test_reconcile_calls_fails_in_one_line(filled, tmp_path):
    for words, why in (
        (("--source", "pbx-580"), "reconcile.nothing_given"),
        (("--source", "nobody", "--cdr", str(tmp_path / "no.csv")), "exchange.unknown"),
    ):
        code, said = filled.run("reconcile-calls", *words)
        assert code == 2
        assert why in said
    connect(filled.url)
    code, said = filled.run("reconcile-calls", "--source", "pbx-580", "--cdr", str(tmp_path / "no.csv"))
    assert code == 2
    assert "reconcile.no_file" in said


async def test_the_duties_reconcile_and_fetch(county, pbx, tmp_path, monkeypatch):
    (tmp_path / "queue_log").write_text(QUEUE_LOG)
    monkeypatch.setenv("DAGUANJIA_EXCHANGE_FILES", str(tmp_path))
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    async with playing() as exchange:
        exchange.answer = lambda _asked: Said(200, b"#!AMR\n" + b"\x00" * 40)
        options = {"zone": "UTC", "files": {"queue_log": "queue_log"}, "recordings": {"base_url": exchange.url, "allow_private": True}}
        changed = await pbx.client.patch("/v1/connections/pbx-580", json={"options": options}, headers=pbx.admin | {"If-Match": '"1"'})
        assert changed.status_code == 200
        await play(pbx, FOUR)
        await county.owner.execute("UPDATE calls SET recording_next_try_at = now()")
        forget_connected_systems()
        async with county.as_role(WORKER):
            await reconcile_calls(STATION)
            await fetch_recordings(STATION)
    settings.cache_clear()
    assert await county.value("SELECT count(*) FROM calls WHERE recording_state = 'kept'") == 4
    answered = await county.fetch("SELECT wait_seconds, talk_seconds FROM calls WHERE call_id = '1795312694.0'")
    assert [tuple(row) for row in answered] == [(0, 4)]
