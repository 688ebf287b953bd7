"""Loading units: everything or nothing, the same again changes nothing, and what a renumbered division keeps."""

import asyncio

import pytest

from services.organization import snapshots
from services.organization.loading import load_unit_file
from services.organization.queries import forget_unit_tree, unit_tree
from services.platform.actor import SYSTEM
from services.platform.database import OWNER, Database, database, use_database
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from tests.county import COUNTY, DATA, PENGZHAI, SHUIKOU, STAFFED_GRID

HEPING = (DATA / "divisions-heping-441624.csv").read_text(encoding="utf-8")
HEAD = "code,parent_code,name,tier"


async def _load(text: str, grids: int = 0):
    async with unit_of_work(SYSTEM) as work:
        report = await load_unit_file(work, text, grids)
    forget_unit_tree()
    return report


async def _tree():
    async with database().transaction() as session:
        return await unit_tree(session)


async def _mistakes(text: str) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as refused:
        await _load(text)
    assert refused.value.code == "file.wrong"
    return [(fault.pointer, fault.detail) for fault in refused.value.errors]


async def test_the_real_file_is_loaded_once(empty):
    first, second = await _load(HEPING, 3), await _load(HEPING, 3)
    villages = await empty.value("SELECT count(*) FROM units WHERE kind IN ('village', 'community')")
    grids = await empty.value("SELECT count(*) FROM units WHERE kind = 'grid'")
    assert await empty.value("SELECT count(*) FROM units WHERE kind NOT IN ('grid')") == 266
    assert grids % 3 == 0
    assert grids <= villages * 3
    assert first.added == 266 + grids
    assert (second.changes, second.unchanged) == (0, first.added)
    assert await empty.value("SELECT count(*) FROM events WHERE type = 'organization.loaded'") == 1
    assert await empty.value("SELECT bool_and(version = 1) FROM units")


async def test_every_path_is_the_chain_of_codes_from_the_root(county):
    wrong = """SELECT count(*) FROM units child LEFT JOIN units parent ON parent.id = child.parent_id
        WHERE child.path <> coalesce(parent.path, '/') || child.code || '/'"""
    assert await county.value(wrong) == 0
    tree = await _tree()
    assert [unit.code for unit in tree.ancestors(tree.by_code[STAFFED_GRID])] == [SHUIKOU, PENGZHAI, COUNTY]


async def test_more_grids_are_added_and_fewer_take_none_away(county):
    assert (await _load(HEPING, 3)).added == await county.value("SELECT count(*) / 3 FROM units WHERE kind = 'grid'")
    assert (await _load(HEPING, 1)).changes == 0


async def test_a_bad_row_is_named_by_its_line_and_nothing_is_half_loaded(county):
    text = f"{HEAD}\n441624900,441624,新镇,township\n441624901,999999,孤镇,township\n,441624,无码镇,township\n"
    mistakes = await _mistakes(text)
    assert [place for place, _ in mistakes] == ["line 3, column parent_code", "line 4, column code"]
    assert await county.value("SELECT count(*) FROM units WHERE code LIKE '4416249%'") == 0


async def test_another_jurisdiction_is_refused(county):
    mistakes = await _mistakes((DATA / "divisions-maanshan-3405.csv").read_text(encoding="utf-8"))
    assert mistakes[0][0] == "line 2, column parent_code"
    assert "441624" in mistakes[0][1]
    assert await county.value("SELECT count(*) FROM units WHERE code LIKE '3405%'") == 0


async def test_a_renamed_division_keeps_its_old_name_as_an_alias_and_gets_a_new_version(county):
    text = f"{HEAD},aliases\n{SHUIKOU},{PENGZHAI},新水口村民委员会,village,老水口\n"
    report = await _load(text)
    assert (report.changed, report.added) == (1, 0)
    unit = (await _tree()).by_code[SHUIKOU]
    assert unit.name == "新水口村民委员会"
    assert {"水口村", "老水口"} <= set(unit.aliases)
    assert await county.value("SELECT version FROM units WHERE code = $1", SHUIKOU) == 2
    assert (await _load(text)).changes == 0


async def test_a_division_that_moves_takes_everything_below_along(county):
    report = await _load(f"{HEAD}\n{SHUIKOU},441624100,水口村村民委员会,village\n")
    assert report.changed == 1
    tree = await _tree()
    assert tree.by_code[STAFFED_GRID].path == f"/441624/441624100/{SHUIKOU}/{STAFFED_GRID}/"
    assert tree.by_code[SHUIKOU] in tree.children(tree.by_code["441624100"])
    assert tree.by_code[SHUIKOU] not in tree.children(tree.by_code[PENGZHAI])


RENUMBERED = "441624108299"


async def test_a_renumbered_division_keeps_predecessor_children_and_people(county):
    text = f"{HEAD},predecessor_code\n{RENUMBERED},{PENGZHAI},水口村村民委员会,village,{SHUIKOU}\n"
    report = await _load(text)
    assert (report.added, report.renumbered) == (0, 1)
    tree = await _tree()
    old, new = tree.by_code[SHUIKOU], tree.by_code[RENUMBERED]
    assert not old.active
    assert tree.children(old) == ()
    assert tree.by_code[STAFFED_GRID].path == f"/441624/{PENGZHAI}/{RENUMBERED}/{STAFFED_GRID}/"
    assert new.staffed_roles == {"village_secretary"}
    assert not tree.staffed(old.id)
    assert await county.value("SELECT predecessor_id FROM units WHERE code = $1", RENUMBERED) == old.id
    again = await _load(text)
    assert (again.changes, again.unchanged) == (0, 1)


@pytest.mark.parametrize(("predecessor", "told"), [("441624999999", "is not known"), (PENGZHAI, "is itself in this file")])
async def test_a_predecessor_must_exist_and_be_gone(county, predecessor, told):
    text = f"{HEAD},predecessor_code\n{PENGZHAI},{COUNTY},彭寨镇,township,\n{RENUMBERED},{PENGZHAI},某村,village,{predecessor}\n"
    mistakes = await _mistakes(text)
    assert mistakes[0][0] == "line 3, column predecessor_code"
    assert told in mistakes[0][1]


async def test_an_empty_cell_leaves_what_is_known(county):
    await county.owner.execute("UPDATE units SET duty_phone = '0762-1', population = 5 WHERE code = $1", SHUIKOU)
    assert (await _load(HEPING)).changes == 0
    assert await county.value("SELECT duty_phone FROM units WHERE code = $1", SHUIKOU) == "0762-1"


async def test_two_loads_at_the_same_time_load_once(empty):
    reports = await asyncio.gather(_load(HEPING), _load(HEPING))
    assert sorted(report.added for report in reports) == [0, 266]


async def test_the_tree_notices_a_change_by_another_process_within_two_seconds(county, monkeypatch):
    before = await _tree()
    assert await _tree() is before, "unchanged and fresh: no second reading"
    await county.owner.execute("UPDATE posts SET valid_to = current_date - 1 WHERE unit_id = $1", before.by_code[STAFFED_GRID].id)
    monkeypatch.setattr(snapshots, "CHECKED_EVERY", 0.0)
    after = await _tree()
    assert after is not before
    assert not after.staffed(after.by_code[STAFFED_GRID].id)
    assert await _tree() is after, "the stamp is the same: not read again"


async def test_the_owner_s_role_may_load_too(county):
    owner = Database(county.url, OWNER)
    use_database(owner)
    try:
        assert (await _load(HEPING)).changes == 0
    finally:
        use_database(county.database)
        await owner.close()
