"""Real doors and a real worker as processes, with every channel open and nobody at the other end of any carrier."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daguanjia.stack import REPOSITORY, Plan, doors
from daguanjia.supervisor import Supervisor
from services.platform.settings import settings
from tests.hostile.ground import barrage, opened
from tests.hostile.open_channels import OPEN_CHANNELS
from tests.journeys.conftest import free_ports

__all__ = ["barrage", "opened"]


@dataclass
class Stack:
    """Running doors and worker: what they were started with, and where their logs lie."""

    environment: dict[str, str]
    home: Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process keeps files during a test."""
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
async def stack(county, servers, home) -> AsyncIterator[Stack]:
    """The stack on Heping county; its SMS gateway and its webhook do not answer, so that failures are written down too."""
    intake, reporting, nobody = free_ports(3)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DAGUANJIA_")},
        "DATABASE_URL": county.url,
        "REDIS_URL": servers.redis_url,
        "DAGUANJIA_HOME": str(home),
        "DAGUANJIA_SECRET": os.environ["DAGUANJIA_SECRET"],
        "DAGUANJIA_INTAKE_URL": f"http://127.0.0.1:{intake}",
        "DAGUANJIA_REPORTING_URL": f"http://127.0.0.1:{reporting}",
        "DAGUANJIA_SECOND_FACTOR_ENFORCED": "False",
        **OPEN_CHANNELS,
        "DAGUANJIA_WECHAT_APP_SECRET": "not a secret of anybody",
        "DAGUANJIA_WECHAT_API": f"http://127.0.0.1:{nobody}",
        "DAGUANJIA_SMS_URL": f"http://127.0.0.1:{nobody}/sms",
        "DAGUANJIA_SMS_SECRET": "shared with nobody",
        "DAGUANJIA_WEBHOOK_URL": f"http://127.0.0.1:{nobody}/hook",
        "DAGUANJIA_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "DAGUANJIA_WEBHOOK_ALLOW_PRIVATE": "true",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
    }
    told: list[str] = []
    async with Supervisor(doors(Plan(home, intake, reporting, "no"), environment), told.append) as supervisor:
        await supervisor.ready()
        yield Stack(environment, home)
    assert not told, told
