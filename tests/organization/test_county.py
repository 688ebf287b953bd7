"""The county that tests work on is what its table says."""

from services.organization.queries import unit_tree
from services.platform.database import database
from tests.county import BLANK_GRID, HOTLINE, LOGINS, PENGZHAI, SHUIKOU, STAFFED_GRID, actor


async def test_everybody_holds_the_post_of_the_table(county):
    for login, person in LOGINS.items():
        found = await actor(login)
        assert [(seat.role, seat.unit_code) for seat in found.seats] == [(person.role, person.unit_code)]


async def test_the_other_grid_of_the_village_is_blank(county):
    async with database().transaction() as session:
        tree = await unit_tree(session)
    assert tree.staffed(tree.by_code[STAFFED_GRID].id)
    assert not tree.staffed(tree.by_code[BLANK_GRID].id)
    assert [unit.code for unit in tree.ancestors(tree.by_code[BLANK_GRID])] == [SHUIKOU, PENGZHAI, "441624"]
    assert tree.by_code[HOTLINE].path == "/441624/441624-H-580/"
    assert tree.root is not None
    assert tree.root.name == "和平县"
