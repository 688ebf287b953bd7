"""The catalogue: loading it, reading it, suggesting from it, and who handles what where."""

import pytest

from intake_api import categories, sessions
from services.catalogue.actions import load_category_file
from services.catalogue.queries import catalogue, forget_catalogue
from services.organization.queries import unit_tree
from services.platform.actor import SYSTEM
from services.platform.database import database
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from tests.county import DATA, PENGZHAI, SHUIKOU, WATER, sign_in
from tests.web.doors import client_of

FILE = (DATA / "categories.csv").read_text(encoding="utf-8")
CANAL = "water.canal"
AREA = f"/v1/categories/{CANAL}/areas/{PENGZHAI}"


@pytest.fixture
async def client(county):
    async with client_of([sessions.router, categories.router]) as client:
        yield client


@pytest.fixture
async def admin(client):
    return await sign_in(client, "admin")


async def _load(text):
    async with unit_of_work(SYSTEM) as work:
        report = await load_category_file(work, text)
    forget_catalogue()
    return report


async def _read():
    async with database().transaction() as session:
        return await catalogue(session), await unit_tree(session)


async def test_the_file_is_loaded_once(empty):
    first, second = await _load(FILE), await _load(FILE)
    rows = len(FILE.strip().splitlines()) - 1
    assert (first.added, first.changed) == (rows, 0)
    assert (second.added, second.changed, second.unchanged) == (0, 0, rows)
    assert await empty.value("SELECT count(*) FROM category_revisions") == rows
    assert await empty.value("SELECT count(*) FROM events WHERE type = 'catalogue.loaded'") == 1


async def test_children_before_their_parents_are_loaded_too(empty):
    header, *rows = FILE.strip().splitlines()
    report = await _load("\n".join([header, *reversed(rows)]))
    assert report.added == len(rows)


async def test_a_changed_definition_is_the_next_version_and_the_old_one_is_kept(county):
    line = next(line for line in FILE.splitlines() if line.startswith(f"{CANAL},"))
    report = await _load(FILE.replace(line, line.replace("60nd", "30nd")))
    assert (report.added, report.changed) == (0, 1)
    rows = await county.fetch("SELECT version, definition::text FROM category_revisions WHERE code = $1 ORDER BY version", CANAL)
    assert [(row["version"], '"amount": 30' in row["definition"]) for row in rows] == [(1, False), (2, True)]
    found, _ = await _read()
    policy = found.category(CANAL)
    assert policy is not None
    assert (policy.version, policy.limits["resolve"].amount, policy.limits["resolve"].unit) == (2, 30, "natural_days")


async def test_a_mistake_is_named_by_its_line_and_nothing_is_half_loaded(county):
    header = FILE.splitlines()[0]
    columns = header.split(",")
    leaf = next(line for line in FILE.splitlines() if line.startswith(f"{CANAL},")).split(",")
    wrong = {"code": "fresh.one", "parent_code": "fresh", "urgency": "sometimes"}
    lines = [
        header,
        "fresh,,新类" + "," * (len(columns) - 3),
        ",".join(wrong.get(name, cell) for name, cell in zip(columns, leaf, strict=True)),
    ]
    with pytest.raises(Problem) as refused:
        await _load("\n".join(lines) + "\n")
    assert refused.value.code == "file.wrong"
    assert refused.value.errors[0].pointer == "line 3, column urgency"
    assert await county.value("SELECT count(*) FROM categories WHERE code LIKE 'fresh%'") == 0


async def test_every_department_the_catalogue_names_is_there(county):
    found, tree = await _read()
    named = {name for policy in found.leaves() for name in (policy.handler, policy.co_handler or "") if name.startswith("department:")}
    missing = {name for name in named if tree.with_function(name.removeprefix("department:"), f"/441624/{PENGZHAI}/") is None}
    assert missing == set()


async def test_anybody_may_read_the_catalogue(client):
    listed = (await client.get("/v1/categories")).json()["items"]
    assert len(listed) == len(FILE.strip().splitlines()) - 1
    assert listed[0]["code"] == "water"
    one = await client.get(f"/v1/categories/{CANAL}")
    assert one.status_code == 200
    assert one.json() == {**next(item for item in listed if item["code"] == CANAL), "areas": []}
    missing = await client.get("/v1/categories/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "category.unknown")


async def test_words_suggest_categories(client):
    headers = await sign_in(client, "hotline")
    answer = await client.get("/v1/categories/suggest", params={"text": "村里的水渠坏了，没法灌溉"}, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["items"][0]["code"] == CANAL
    assert len(answer.json()["items"]) <= 5
    assert (await client.get("/v1/categories/suggest", params={"text": "xyz"}, headers=headers)).json() == {"items": []}
    assert (await client.get("/v1/categories/suggest", params={"text": " "}, headers=headers)).status_code == 422
    assert (await client.get("/v1/categories/suggest", params={"text": "水渠"})).status_code == 401


async def test_an_administrator_says_who_handles_a_category_in_an_area(client, county, admin):
    put = await client.put(AREA, json={"handler_code": WATER, "note": "直管"}, headers=admin)
    assert (put.status_code, put.headers["etag"]) == (201, '"1"')
    assert put.json() == {"area_code": PENGZHAI, "handler_code": WATER, "note": "直管", "version": 1}
    found, tree = await _read()
    assert found.row_for(CANAL, tree.by_code[SHUIKOU].path) == tree.by_code[WATER].id
    assert found.row_for(CANAL, "/441624/441624100/") is None
    changed = await client.put(AREA, json={"handler_code": PENGZHAI}, headers={**admin, "If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"], changed.json()["note"]) == (200, 2, None)
    stale = await client.put(AREA, json={"handler_code": WATER}, headers={**admin, "If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition.version")
    assert (await client.get(f"/v1/categories/{CANAL}")).json()["areas"] == [changed.json()]
    assert await county.value("SELECT count(*) FROM events WHERE type = 'catalogue.row_put'") == 2


async def test_rows_that_cannot_be_are_refused(client, admin):
    cases = [
        ("/v1/categories/nothing/areas/441624108", {"handler_code": WATER}, 404, "category.unknown"),
        (f"/v1/categories/{CANAL}/areas/nowhere", {"handler_code": WATER}, 404, "unit.unknown"),
        (AREA, {"handler_code": "nowhere"}, 404, "unit.unknown"),
        (AREA, {}, 422, "request.invalid"),
        (AREA, {"handler_code": WATER, "x": 1}, 422, "request.invalid"),
    ]
    for address, body, status, code in cases:
        answer = await client.put(address, json=body, headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (status, code), address
    for login in ("county", "pengzhai", "water"):
        answer = await client.put(AREA, json={"handler_code": WATER}, headers=await sign_in(client, login))
        assert (answer.status_code, answer.json()["code"]) == (403, "permission.denied")
