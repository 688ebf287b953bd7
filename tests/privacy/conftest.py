"""An own home for each test: keys of days and files lie there."""

from pathlib import Path

import pytest

from services.platform.settings import settings
from tests.journeys.people import Desk


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process keeps files during a test."""
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def desk(intake, county) -> Desk:
    """People at work, over the intake door."""
    return Desk(intake, county)
