"""Finished matters are listed among others like them, or not at all."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notices.matters import FinishedMatter, listed, may_be_listed, result_words

K = 5
DAY = date(2026, 10, 3)


_PLACES = (("t1", "t1v1"), ("t1", "t1v1"), ("t1", None), ("t2", "t2v1"), (None, None))
_KINDS = ("water.outage", "water.pond", "roads.damage")
_one = st.tuples(st.sampled_from(_PLACES), st.sampled_from(_KINDS), st.integers(0, 9))


def _matter(nth: int, place: tuple[str | None, str | None], category: str, household: int) -> FinishedMatter:
    return FinishedMatter(f"N{nth}", "c", *place, category, category.partition(".")[0], household, DAY, DAY + timedelta(days=nth % 9))


matters = st.lists(_one, max_size=24).map(lambda found: [_matter(nth, *one) for nth, one in enumerate(found)])


@given(matters, st.sets(st.sampled_from(["t1", "t1v1", "water", "c"])))
def test_whatever_is_listed_is_one_of_k_like_it_and_tells_no_number(found: list[FinishedMatter], hidden: set[str]) -> None:
    shown = listed(found, K, hidden=hidden)
    for (place, kind), count in Counter((one.place, one.category) for one in shown).items():
        alike = [one for one in found if place in {one.county, one.township, one.village} and kind in {one.category, one.top}]
        assert count == K
        assert len(alike) >= K
        assert len({one.household for one in alike}) >= K
        assert place not in hidden
        assert kind.partition(".")[0] not in hidden


def test_few_of_a_village_are_listed_with_their_township() -> None:
    found = [FinishedMatter(f"N{nth}", "c", "t", f"v{nth}", "water.pond", "water", nth, DAY, DAY) for nth in range(6)]
    assert {(one.page, one.place, one.category) for one in listed(found, K)} == {("t", "t", "water.pond")}
    assert listed(found[:4], K) == []


def test_six_matters_of_one_household_are_not_listed() -> None:
    assert listed([FinishedMatter(f"N{nth}", "c", "t", "v", "water.pond", "water", 1, DAY, DAY) for nth in range(6)], K) == []


def test_what_is_not_plainly_public_is_never_listed() -> None:
    plain = {"privacy": "normal", "channel": "hotline", "unreasonable": False, "category_privacy": "normal"}
    assert may_be_listed(**plain)  # type: ignore[arg-type]
    for changed in (
        {"privacy": "confidential"}, {"privacy": "private"}, {"channel": "petition"}, {"channel": "letter"}, {"unreasonable": True},
        {"category_privacy": "confidential"}, {"category_privacy": "private"}, {"category_privacy": None},
    ):  # fmt: skip
        assert not may_be_listed(**(plain | changed))  # type: ignore[arg-type]


def test_the_result_is_told_in_the_words_of_the_category() -> None:
    assert result_words(("text", "before_photo", "after_photo")) == "已现场处置,留有处置前后照片"
    assert result_words(("text",)) == "已办理并答复"
    assert result_words(()) == "已办结"
