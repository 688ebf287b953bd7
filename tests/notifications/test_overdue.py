"""What units read of clocks that run out: the highest level only, early is not late, and one digest where there would be many."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deadlines import models
from services.journal.draining import Owed
from services.notifications.occasions import Matter, Notice, notices, units_named
from services.notifications.overdue import LEVELS, Late, digest_of, late_of, tally_of
from services.platform.clock import now
from services.platform.ids import new_id

GRID, VILLAGE, TOWN, CLOCK, OTHER = (new_id() for _ in range(5))
NAMES = {GRID: "第一网格", VILLAGE: "水口村", TOWN: "彭寨镇"}
DUE = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)


def level(name: str = "urge", *, stage: str = "accept", early: bool = False, clock: Any = CLOCK) -> dict[str, Any]:
    return {
        "clock_id": str(clock), "stage": stage, "name": name, "early": early, "due_at": DUE.isoformat(), "late_unit_id": str(GRID),
    }  # fmt: skip


def told(*tells: dict[str, Any], over: frozenset[Any] = frozenset()) -> list[Notice]:
    matter = Matter("20261122-000017-3", "自来水管破裂", 1, VILLAGE, TOWN, None, (), "580", over)
    owed = Owed(new_id(), new_id(), "notify", new_id(), "ticket.escalated", {"tells": list(tells)}, now(), now(), 0)
    assert units_named(owed) >= {GRID} if tells else True
    return notices(owed, matter, NAMES)


def tell(unit: Any, role: str, *levels: dict[str, Any]) -> dict[str, Any]:
    return {"unit_id": str(unit), "as": role, "levels": list(levels)}


def test_a_unit_reads_the_highest_level_and_every_stage_that_is_late() -> None:
    (notice,) = told(tell(GRID, "late", level("supervise", stage="first_contact", clock=OTHER), level("urge"), level("list")))
    assert (notice.template, notice.recipient_id) == ("escalated", GRID)
    assert notice.words == (
        "【大管家】工单20261122-000017-3（自来水管破裂）已超过首次联系、签收时限（2026年11月22日 10:10），现予通报，请立即处理。"
    )


def test_what_is_not_late_yet_is_called_so() -> None:
    (notice,) = told(tell(GRID, "late", level(early=True, stage="resolve")))
    assert "处置时限即将到期（2026年11月22日 10:10），尚未超期" in notice.words
    assert "已超过" not in notice.words


def test_who_is_above_reads_who_is_late_and_the_new_holder_that_it_is_theirs() -> None:
    above, holder, left = told(
        tell(TOWN, "above", level("supervise")), tell(VILLAGE, "holder", level("raise")), tell(GRID, "relieved", level("raise"))
    )
    assert "第一网格的工单" in above.words
    assert "请督促办理" in above.words
    assert "在第一网格逾期未签收，现上报由水口村办理" in holder.words
    assert (left.template, left.words) == ("relieved", "【大管家】工单20261122-000017-3（自来水管破裂）已转由水口村办理，你单位不再主办。")


def test_nobody_is_told_of_clocks_that_are_over() -> None:
    assert told() == []
    assert told(tell(GRID, "late", level("list")), over=frozenset({CLOCK})) == []
    (notice,) = told(tell(GRID, "late", level("list"), level("urge", stage="resolve", clock=OTHER)), over=frozenset({CLOCK}))
    assert "处置时限" in notice.words
    assert "催办" in notice.words


ROLES = ("late", "above", "holder", "relieved")
RANKS = ("urge", "supervise", "raise", "list")


def late(drawn: int) -> Late:
    """One of very many, by a number: role, level, early or not, how long ago, which ticket."""
    ago = DUE - timedelta(minutes=drawn // 32 % 1000)
    return Late(ROLES[drawn % 4], RANKS[drawn // 4 % 4], ("accept",), drawn // 16 % 2 == 1, ago, None, f"20261122-{drawn:06}-1")


@given(drawn=st.lists(st.integers(0, 99_999), min_size=6, max_size=12, unique=True))
def test_a_digest_counts_every_ticket_once_and_names_the_most_urgent(drawn: list[int]) -> None:
    lates = [late(one) for one in drawn]
    cut = len(lates) // 2
    words = digest_of(tally_of(lates[:cut]) + tally_of(lates[cut:]))
    assert words == digest_of(tally_of(lates)), "batch by batch or at once"
    counted = [int(part) for part in "".join(char if char.isdigit() else " " for char in words.split("最急的是")[0]).split()]
    assert sum(counted) == len(lates)
    first = min(lates, key=lambda one: one.urgency)
    assert first.number in words.split("最急的是")[1]
    assert words.count("20261122-") <= 5
    if any(not one.early for one in lates):
        assert not first.early


def test_levels_have_chinese_names() -> None:
    assert set(LEVELS) == set(models.LEVEL_NAMES)


@pytest.mark.parametrize("levels", [[], [level("urge")]])
def test_a_unit_that_is_told_of_nothing_gets_nothing(levels: list[dict[str, Any]]) -> None:
    assert late_of(tell(GRID, "late", *levels), "1", {CLOCK}) is None
