"""The county at work on its matters."""

import pytest
from httpx import AsyncClient

from tests.complaints.desk import home
from tests.conftest import TestDatabase
from tests.matters.world import World

__all__ = ["home"]


@pytest.fixture
def world(intake: AsyncClient, county: TestDatabase) -> World:
    """Both doors and the worker over Heping county."""
    return World(intake, county)
