"""``daguanjia erase`` and ``daguanjia bring-back-keys``, as somebody types them."""

import asyncio

import pytest
from typer.testing import CliRunner

from daguanjia.command import build
from services.platform.database import use_database
from services.platform.settings import settings

PHONE = "13877665544"


@pytest.fixture
def run(county, monkeypatch):
    """Run a command over the county; return its exit code and all it printed."""

    async def run(*words: str, typed: str = "") -> tuple[int, str]:
        with monkeypatch.context() as environment:
            environment.setenv("DATABASE_URL", county.url)
            settings.cache_clear()
            done = await asyncio.to_thread(CliRunner().invoke, build(), list(words), typed)
        settings.cache_clear()
        use_database(county.database)
        return done.exit_code, done.output

    return run


async def test_somebody_is_erased_by_ticket_and_by_a_number_that_is_never_shown(desk, county, run):
    contact = {"name": "欧阳金丝雀", "phone": PHONE}
    first = await desk.file(contact=contact)
    await desk.file(contact=contact)
    code, said = await run("erase", "--ticket", first, "--kinds", "contact,words")
    assert (code, said.strip()) == (0, "1 complaints, 2 erasures, 0 further papers; 0 still owed.")
    code, said = await run("erase", "--phone", "--because", "order", typed=f"{PHONE}\n")
    assert code == 0, said
    assert "1 complaints, 6 erasures" in said
    assert PHONE not in said
    assert await county.value("SELECT count(*) FROM complainants WHERE row_key IS NOT NULL") == 0
    assert await run("bring-back-keys") == (0, "0 keys were brought back, 0 rows were erased again.\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("erase",), "privacy.whose"),
        (("erase", "--ticket", "20261122-000123-6"), "ticket.unknown"),
        (("erase", "--ticket", "20261122-000123-6", "--kinds", "everything"), "privacy.kinds"),
        (("erase", "--ticket", "20261122-000123-6", "--because", "because"), "privacy.because"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(run, words, code):
    exit_code, said = await run(*words)
    assert exit_code == 2
    assert f"[{code}]" in said
