"""One warning an episode: it opens, goes on, grows, ends, and never twice at once."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.warnings.bands import Band, Look
from services.warnings.episodes import QUIET_DAYS, Episode, Key, Seen, steps, words_of
from services.warnings.watching import shown

KEY = Key("inflow", "unit", "441624108")
DAY = date(2026, 11, 1)


def seen(value: int, day: date = DAY) -> Seen:
    return Seen("day", day, day, Look(value, Band(10.0, 20), outside=True), ("10",) * 12)


@given(st.lists(st.one_of(st.none(), st.integers(21, 200)), max_size=60))
def test_episodes_follow_one_another_and_cover_every_day_outside(days: list[int | None]) -> None:
    episode: Episode | None = None
    opened = ended = 0
    covered: set[int] = set()
    for place, value in enumerate(days):
        day = DAY + timedelta(days=place)
        found = steps(day, {KEY: episode} if episode else {}, {KEY: seen(value, day)} if value else {})
        assert len(found) <= 1
        for step in found:
            if step.kind == "open":
                assert episode is None
                opened += 1
            if step.kind == "end":
                assert episode is not None
                assert (day - episode.last_outside).days >= QUIET_DAYS
                episode, ended = None, ended + 1
            elif step.seen is not None:
                assert not step.grown or (episode is not None and step.seen.look.excess > episode.peak_excess)
                peak = max(step.seen.look.excess, episode.peak_excess if episode else 0.0)
                episode = Episode(KEY, day, peak)
                covered.add(place)
    assert covered == {place for place, value in enumerate(days) if value}
    assert opened - ended == (episode is not None)


def test_a_pause_of_two_days_is_the_same_episode() -> None:
    open_one = Episode(KEY, DAY, 2.5)
    assert steps(DAY + timedelta(days=2), {KEY: open_one}, {}) == []
    assert [step.kind for step in steps(DAY + timedelta(days=3), {KEY: open_one}, {})] == ["end"]
    assert [(step.kind, step.grown) for step in steps(DAY, {KEY: open_one}, {KEY: seen(30)})] == [("go_on", False)]
    assert [(step.kind, step.grown) for step in steps(DAY, {KEY: open_one}, {KEY: seen(32)})] == [("go_on", True)]


def test_a_desk_is_told_in_one_text_however_many_there_are() -> None:
    found = steps(
        DAY, {}, {KEY: seen(30), Key("overdue", "unit", "b"): Seen("week", DAY, DAY, Look(9, Band(2.0, 5, 20), outside=True), ())}
    )
    text = words_of([(f"{step.key.code}村", step) for step in found])
    assert "441624108村昨日受理30件(往常约10件)".replace("(", "（").replace(")", "）") in text
    assert "b村近七日到期20件中逾期9件（往常约2件）" in text
    many = words_of([(f"{n}村", found[0]) for n in range(9)])
    assert "等共9项" in many
    assert many.count("昨日") == 5


def test_figures_are_kept_without_floats() -> None:
    kept = shown(seen(30))
    assert (kept["middle"], kept["excess"], kept["limit"], kept["of"]) == ("10.00", "3.0000", 20, None)
    assert not any(isinstance(value, float) for value in kept.values())
