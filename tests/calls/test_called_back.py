"""Whoever is called back is as secret as whoever calls: the channel that rang at their home is no agent's, and names nobody in clear."""

import json
from urllib.parse import quote

import pytest

from services.calls.adapters.asterisk import CUSTOM_COLUMNS
from services.calls.reconciling import CDR, QUEUE_LOG, reconcile
from tests.calls.exchange import Exchange

FORM = "application/x-www-form-urlencoded"
MICRO = 1_795_312_694_000_000
MOBILE, LANDLINE = "13800000123", "07625600123"


async def in_clear(county) -> set[str]:
    """Every word in clear of every call and event, whatever its column."""
    rows = await county.fetch(
        "SELECT to_jsonb(calls)::text AS said FROM calls UNION ALL SELECT to_jsonb(call_events)::text FROM call_events"
    )
    return {row["said"] for row in rows}


def leg(uuid, **more):
    return {"variables": {"uuid": uuid, "start_uepoch": str(MICRO), "end_uepoch": str(MICRO + 40_000_000), **more}}


async def by_freeswitch(pbx: Exchange, number: str) -> None:
    exchange = await pbx.again_as("freeswitch", "fs")
    desk = leg("o-1", direction="inbound", caller_id_number="1001", destination_number=number)
    called = {"destination_number": f"9{number}", "callee_id_number": number, "answer_uepoch": str(MICRO + 12_000_000)}
    for one in (desk, leg("o-2", originating_leg_uuid="o-1", direction="outbound", **called)):
        assert (await exchange.json(json.dumps(one))).status_code == 200


async def by_asterisk(pbx: Exchange, number: str) -> None:
    usual = {"event": "hangup", "caller": "1001", "callee": number, "direction": "outbound", "disposition": "ANSWERED"}
    usual |= {"start": "2026-11-22 01:58:14", "answer": "2026-11-22 01:58:16", "end": "2026-11-22 01:58:20"}
    await pbx.form(**usual, call_id="1.5", dstchannel=f"DAHDI/i1/{number}-5")
    await pbx.form(**usual, call_id="1.6", dstchannel=f"Local/{number}@from-internal-00000001;1")


async def by_manager(pbx: Exchange, number: str) -> None:
    exchange = await pbx.again_as("ami", "ami")
    said = {"Event": "AgentConnect", "Uniqueid": "2.0", "Interface": f"Local/{number}@out/n", "MemberName": f"+86{number.lstrip('0')}"}
    await exchange.json(json.dumps(said))


async def by_vendor(pbx: Exchange, number: str) -> None:
    exchange = await pbx.again_as("cti", "cti")
    report = f"uuid=3&direction=out&disnumber=580&destnumber={number}&ext={quote(number)}&answertime=2026-11-22+01:58:16&billsec=4"
    await exchange.post(report, FORM)


async def by_files(pbx: Exchange, number: str) -> None:
    from services.calls.exchanges import exchange_of
    from services.connections.directory import connected_systems
    from services.platform.database import database

    async with database().transaction() as session:
        exchange = exchange_of((await connected_systems(session)).by_code(pbx.code, "pbx"))
    cells = dict.fromkeys(CUSTOM_COLUMNS, "") | {"src": "1001", "dst": number, "uniqueid": "4.0", "disposition": "ANSWERED"}
    cells |= {"start": "2026-11-22 01:58:14", "end": "2026-11-22 01:58:20", "dstchannel": f"SIP/{number}-00000001"}
    await reconcile(exchange, CDR, [",".join(cells.values()).encode() + b"\n"])
    await reconcile(exchange, QUEUE_LOG, [f"1795312694|4.1|hotline|Local/{number}@out/n|CONNECT|3|4.2|1\n".encode()])


@pytest.mark.parametrize("number", [MOBILE, LANDLINE])
@pytest.mark.parametrize("way", [by_freeswitch, by_asterisk, by_manager, by_vendor, by_files], ids=lambda way: way.__name__)
async def test_nobody_who_was_called_back_is_named_in_clear(county, pbx, way, number):
    await way(pbx, number)
    said = await in_clear(county)
    assert said
    assert [one for one in said if number.lstrip("0") in one] == []


async def test_a_telephone_the_county_lists_and_an_extension_are_agents(county, intake, pbx):
    exchange = await pbx.again_as("ami", "ami", numbers=["580", "13900000580"])
    for number, agent in enumerate(("Local/13900000580@out/n", "PJSIP/agent1001", "SIP/10002345")):
        said = {"Event": "AgentConnect", "Uniqueid": f"{number}.0", "Interface": agent}
        assert (await exchange.json(json.dumps(said))).status_code == 200
    agents = {row["agent"] for row in await county.fetch("SELECT agent FROM calls")}
    assert agents == {"Local/13900000580@out/n", "PJSIP/agent1001", "SIP/10002345"}
