"""Whatever way the commands of a day of visits take (torn into batches, twice, shuffled, files first or last): the same handbook."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.attachments.expecting import arrived
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.visits.opinions_rules import words_hash
from tests.channels.phone import Phone
from tests.county import actor
from tests.journeys.people import Desk
from tests.visits.handbook import WORDS, Round, confirmation, now

BETTER = "水渠从水口到上寨一段要修，田里没有水。"
STATE = """
SELECT o.kind_of, o.files, v.outcome, v.completed_at IS NOT NULL AS over, v.unconfirmed_because,
  (SELECT count(*) FROM activities a WHERE a.household = o.household) AS entries
FROM (SELECT o.visit_id, a.household,
  (SELECT jsonb_agg(jsonb_build_array(c.kind, c.sequence) ORDER BY c.kind, c.sequence) FROM opinion_confirmations c
     WHERE c.opinion_id = o.id) || (SELECT jsonb_agg(x.kind ORDER BY x.kind) FROM opinion_outcomes x WHERE x.opinion_id = o.id) AS kind_of,
  (SELECT jsonb_agg(l.role ORDER BY l.role) FROM attachment_links l WHERE l.subject_id = o.id) AS files
  FROM opinions o JOIN activities a ON a.id = o.id WHERE o.id = $1) o JOIN visits v ON v.id = o.visit_id
"""


@pytest.fixture
async def round_(intake, county, tmp_path, monkeypatch):
    from services.platform.settings import settings

    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield Round(intake, county, Desk(intake, county))
    settings.cache_clear()


def a_call(phone: Phone, home: str) -> tuple[list[dict[str, Any]], list[str], str]:
    """Return the commands of one call in their order, the uploads they name, and the opinion that was heard."""
    visit, opinion, voice, signature = (str(new_id()) for _ in range(4))
    heard = {"opinion_id": opinion, "household_id": home, "words": WORDS, "visit_id": visit, "heard_at": now(), "upload_ids": [voice]}
    again = {"wording_id": str(new_id()), "words": BETTER, "because": "clearer", "happened_at": now()}
    seen = confirmation("witness", words_hash(WORDS).hex(), witness={"name": "黄小明"})
    signed = confirmation("signature", words_hash(BETTER).hex(), upload_id=signature)
    ended = {"kind": "on_the_spot", "outcome_id": str(new_id()), "happened_at": now(), "words": "当场疏通"}
    ago = [timedelta(minutes=minutes) for minutes in range(60, 0, -8)]
    commands = [
        phone.command("visit", ago=ago[0], visit={"visit_id": visit, "household_id": home}),
        phone.command("opinion", ago=ago[1], opinion=heard),
        phone.command("confirmation", ago=ago[2], opinion_id=opinion, confirmation=seen),
        phone.command("opinion_wording", ago=ago[3], opinion_id=opinion, wording=again),
        phone.command("confirmation", ago=ago[4], opinion_id=opinion, confirmation=signed),
        phone.command("opinion_outcome", ago=ago[5], opinion_id=opinion, outcome=ended),
        phone.command("visit_completion", ago=ago[6], visit_id=visit, completion={"opinion_ids": [opinion]}),
    ]
    return commands, [voice, signature], opinion


async def come(round_: Round, upload_id: str) -> None:
    """Complete an upload."""
    person, file = await actor("mine"), UUID(await round_.desk.upload("mine"))
    async with unit_of_work(person) as work:
        await arrived(work, person.account_id, UUID(upload_id), file)


async def test_any_way_the_commands_of_a_call_take_leads_to_the_same_handbook(round_):
    mine = await round_.member("mine")
    one, other = Phone(round_.desk, "mine"), Phone(round_.desk, "mine", behind=timedelta(hours=-3))
    states = []
    for seed in range(5):
        chance, home = random.Random(seed), await round_.home(f"3-{seed:03}", mine)
        commands, uploads, opinion = a_call(one if seed % 2 else other, home)
        phone = one if seed % 2 else other
        steps: list[Any] = [("send", chance.sample(commands, chance.randint(1, 5))) for _ in range(chance.randint(0, 5))]
        steps += [("come", upload) for upload in uploads if chance.random() < 0.7]
        chance.shuffle(steps)
        came = set()
        for step, given in steps if seed else []:  # the first goes straight
            if step == "send":
                await phone.send(*given)
            else:
                await come(round_, given)
                came.add(given)
        await phone.send(*chance.sample(commands, len(commands)) if seed else commands)
        for upload in [upload for upload in uploads if upload not in came]:
            await come(round_, upload)
        for _ in range(3):
            results = await phone.send(*commands)
        assert {result["status"] for result in results} == {"replayed"}, (seed, results)
        (row,) = await round_.county.fetch(STATE, UUID(opinion))
        shown = await round_.get("mine", f"/v1/opinions/{opinion}")
        states.append((*row, shown["words"], shown["strength"], [said["void"] for said in shown["confirmations"]], shown["ended_in"]))
    assert len(set(map(str, states))) == 1, states
    assert states[0][-4:] == (BETTER, 5, [True, False], "on_the_spot")
    left = "SELECT count(*) FROM field_commands WHERE state <> 'applied'"
    assert await round_.county.value(left) == 0
