"""Members from a file: once however often, bad lines named beside good ones."""

from services.organization.member_files import parse_members, put_members
from services.organization.queries import read_unit_tree
from services.platform.actor import SYSTEM
from services.platform.database import OWNER
from services.platform.unit_of_work import unit_of_work
from tests.county import BLANK_GRID, SHUIKOU, WATER

HEADER = "staff_number,name,party_member,unit,role\n"
GOOD = f"SL-1,黄一,是,{WATER},department_officer\nSL-1,黄一,是,{BLANK_GRID},grid_instructor\nSL-2,黄二,否,{BLANK_GRID},grid_instructor\n"


async def load(county, text):
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        placed, errors = parse_members(text, await read_unit_tree(work.session))
        done = await put_members(work, placed)
        return done, [(error.line, error.column) for error in (*errors, *done.errors)]


async def test_a_file_of_members_is_loaded_once(county):
    first, wrong = await load(county, HEADER + GOOD)
    assert (first.added, first.posts, wrong) == (2, 3, [])
    again, _wrong = await load(county, HEADER + GOOD)
    assert (again.added, again.changed, again.posts, again.unchanged) == (0, 0, 0, 3)
    roles = await county.fetch(
        "SELECT p.role FROM posts p JOIN members m ON m.id = p.member_id WHERE m.staff_number LIKE 'SL-%' ORDER BY m.staff_number, p.role"
    )
    assert [row["role"] for row in roles] == ["department_officer", "guide", "assistant"], "the party decides guide or assistant (A17)"
    await county.owner.execute("UPDATE members SET left_on = '2026-01-01' WHERE staff_number = 'SL-2'")
    renamed, wrong = await load(county, HEADER + GOOD.replace("黄一", "黄改"))
    assert (renamed.changed, wrong) == (1, [(4, "staff_number")]), "who has left is not brought back by a file"


async def test_bad_lines_are_named_and_good_ones_loaded(county):
    text = HEADER + GOOD + (
        f"SL-3,,是,{WATER},department_officer\n"
        f"SL-4,黄四,也许,{WATER},department_officer\n"
        "SL-5,黄五,是,nowhere,department_officer\n"
        f"SL-6,黄六,是,{WATER},king\n"
        f"SL-7,黄七,是,{SHUIKOU},department_officer\n"
        f"SL-1,黄别,是,{WATER},department_officer\n"
    )  # fmt: skip
    done, wrong = await load(county, text)
    assert done.added == 2
    assert wrong == [(5, "name"), (6, "party_member"), (7, "unit"), (8, "role"), (9, "role"), (10, "staff_number")]
