"""The client library georeport, written by others, reads a real door: JSON and XML, over a real connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from georeport import GeoReport
from requests import HTTPError

from tests.channels.open311_client import connect
from tests.channels.open311_schemas import faults
from tests.county import SHUIKOU


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """The intake door on a port of this machine."""
    from intake_api.app import app

    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    (port,) = [bound.getsockname()[1] for one in server.servers for bound in one.sockets]
    try:
        yield f"http://127.0.0.1:{port}/open311/v2"
    finally:
        server.should_exit = True
        await running


@pytest.fixture
async def address(intake, home):
    async with serving() as found:
        yield found


def as_list(found):
    """Georeport gives the one element of an XML list without a list around it."""
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("jurisdiction", [None, "441624"])
async def test_georeport_reads_services_definitions_and_requests(address, intake, form, jurisdiction):
    client = await connect(intake)
    number = await client.filed(lat="24.443149", long="114.935251", address_id=SHUIKOU)
    other = await client.filed(service_code="electricity.street_light")
    library = GeoReport(address, jurisdiction=jurisdiction, output_format=form)

    services = await asyncio.to_thread(library.get_service_list)
    assert ("water.pipe_burst", "自来水管破裂") in {(one["service_code"], one["service_name"]) for one in services}
    asked = await asyncio.to_thread(library.get_service_definition, "water.pipe_burst")
    assert asked["service_code"] == "water.pipe_burst"
    listed = await asyncio.to_thread(library.get_service_requests, start_date="2026-01-01T00:00:00Z", status="open")
    assert {number, other} == {one["service_request_id"] for one in listed}
    both = await asyncio.to_thread(library.get_service_requests, service_request_id=f"{number},{other}")
    assert [one["service_request_id"] for one in both] == [other, number]
    lamps = as_list(await asyncio.to_thread(library.get_service_requests, service_code="electricity.street_light"))
    assert [one["service_request_id"] for one in lamps] == [other]
    (found,) = as_list(await asyncio.to_thread(library.get_service_request, number))
    assert (found["service_request_id"], found["address_id"], float(found["lat"])) == (number, SHUIKOU, 24.443)
    if form == "json":
        assert faults("request", both) == faults("service", services) == faults("service-definition", asked) == []
    with pytest.raises(HTTPError, match="404"):
        await asyncio.to_thread(library.get_service_request, "NOPE")
