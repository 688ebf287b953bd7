"""Several machines share one folder of day keys: whoever has another is refused before sealing what nobody else could read."""

from pathlib import Path

import pytest

from daguanjia.commands import status as status_command
from services.platform import clock, secrets
from services.platform.database import INTAKE, OWNER, REPORTING, WORKER, database
from services.platform.errors import Unavailable
from services.platform.key_folder import adopt_folder, is_same_folder, require_same_folder
from services.platform.papers import seal_paper
from services.platform.row_keys import directory
from services.platform.settings import settings

_PAPER = "INSERT INTO sealed_papers (id, kind, row_key, sealed, recorded_at) VALUES ($1, 'call', $2, $3, now())"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Be a process of the machine of a name, with a home of its own and the common secret, or another."""

    def be(name: str, secret: str = "") -> None:
        monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path / name))
        if secret:
            monkeypatch.setenv("DAGUANJIA_SECRET", secret)
        settings.cache_clear()
        secrets._installation_secret.cache_clear()
        secrets.derived_key.cache_clear()

    yield be
    monkeypatch.undo()
    settings.cache_clear()
    secrets._installation_secret.cache_clear()
    secrets.derived_key.cache_clear()


async def _seal(empty) -> None:
    paper = seal_paper("call", {"number": "13800000123"}, clock.now())
    await empty.owner.execute(_PAPER, paper["id"], paper["row_key"], paper["sealed"])


async def _refused(role: str, empty) -> str:
    async with empty.as_role(role):
        with pytest.raises(Unavailable) as refused:
            await require_same_folder(database())
    assert refused.value.code == "keys.another_folder"
    return refused.value.detail


async def test_a_process_with_another_folder_or_secret_is_refused_and_told_what_to_do(empty, machine):
    machine("one")
    async with empty.as_role(INTAKE):
        await require_same_folder(database())
    async with empty.as_role(WORKER):
        await require_same_folder(database())
    machine("two")
    for role in (INTAKE, WORKER):
        told = await _refused(role, empty)
        assert str(directory()) in told
        assert "adopt-keys" in told
    async with empty.as_role(REPORTING):
        await require_same_folder(database())  # it opens and seals nothing
    machine("one", "another secret for tests only, of 32 characters and more")
    await _refused(INTAKE, empty)


async def test_the_first_process_must_open_what_was_sealed_last(empty, machine):
    machine("one")
    await _seal(empty)
    machine("two")
    await _refused(WORKER, empty)
    assert await empty.value("SELECT count(*) FROM key_folder") == 0, "and it is not written down"
    async with empty.as_role(OWNER), database().transaction() as session:
        assert await is_same_folder(session) is None
    assert not directory().exists(), "to look changes nothing"
    machine("one")
    async with empty.as_role(WORKER):
        await require_same_folder(database())
    machine("two")
    async with empty.as_role(OWNER), database().transaction() as session:
        assert await is_same_folder(session) is False
        await adopt_folder(session)
        assert await is_same_folder(session)
    machine("one")
    await _refused(INTAKE, empty)


async def test_a_door_that_is_not_ready_and_the_status_say_so(empty, intake_of_empty, machine, monkeypatch, servers):
    machine("one")
    assert (await intake_of_empty.get("/readyz")).status_code == 200
    machine("two")
    answer = await intake_of_empty.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "keys.another_folder")
    monkeypatch.setenv("DATABASE_URL", empty.url)
    settings.cache_clear()
    found = await status_command.look()
    assert found.same_keys is False
    assert any("contact_keys" in sentence for sentence in found.wrong())


@pytest.fixture
async def intake_of_empty(empty):
    from httpx import ASGITransport, AsyncClient

    from intake_api.app import app

    async with AsyncClient(transport=ASGITransport(app), base_url="http://intake") as client:
        yield client
