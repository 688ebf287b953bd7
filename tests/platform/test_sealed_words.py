"""Words are sealed row by row: for this row and this column alone, and gone with their key."""

from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag

from services.platform import clock, row_keys
from services.platform.ids import new_id
from services.platform.sealed_words import ERASED, TAKEN_OUT, SealedTelling, SealedWords, opens, seal_telling, seal_words, telling_in
from services.platform.settings import settings

SAID, PLACE = "七彩鹦哥在井盖旁唱歌", "鹦哥巷第三口井"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


def test_what_was_said_is_read_again_and_lies_nowhere_in_clear():
    row_id = new_id()
    row = seal_telling(row_id, SAID, PLACE)
    told = telling_in({"id": row_id, **row})
    assert (told.words, told.told, told.place) == (SAID, SAID, PLACE)
    assert not [value for value in row.values() if SAID.encode() in value or PLACE.encode() in value]
    assert SAID not in repr(told)
    assert seal_telling(row_id, SAID, PLACE) != row, "the same words are never sealed alike"


@pytest.mark.parametrize(("words", "place"), [(None, None), ("", None), (None, PLACE), (SAID, None), ("e\u0301 𠮷\r\n\u200b", "")])
def test_nothing_said_is_nothing_and_an_empty_text_is_one(words, place):
    row_id = new_id()
    told = telling_in({"id": row_id, **seal_telling(row_id, words, place)})
    assert (told.told, told.place, told.words) == (words, place, words or "")


def test_what_lies_in_clear_still_is_read_as_it_is():
    assert SealedWords(new_id(), None, None, SAID).words == SAID
    assert SealedTelling(new_id(), None, None, SAID, None, PLACE).place == PLACE


def test_words_cannot_be_moved_to_another_row_nor_to_another_column():
    row_id = new_id()
    row = seal_telling(row_id, SAID, PLACE)
    with pytest.raises(InvalidTag):
        _ = SealedWords(new_id(), row["row_key"], row["sealed_words"], None).words
    with pytest.raises(InvalidTag):
        _ = SealedWords(row_id, row["row_key"], row["sealed_place"], None).words
    other = seal_words(row_id, SAID)
    with pytest.raises(InvalidTag):
        _ = SealedWords(row_id, other["row_key"], row["sealed_words"], None).words
    key = row_keys.open_row_key(row["row_key"])
    assert opens(row_id, key, row["sealed_words"], row["sealed_place"])
    assert not opens(row_id, key, other["sealed_words"], None)


def test_what_was_erased_says_so_whether_the_row_or_the_key_of_its_day_was():
    row_id = new_id()
    assert SealedWords(row_id, None, ERASED, None).words == TAKEN_OUT
    row = seal_words(row_id, SAID)
    under = row_keys.key_of(row["row_key"])
    row_keys.make(under.next)
    row_keys.destroy_before(under.next)
    assert SealedWords(row_id, row["row_key"], row["sealed_words"], None).words == TAKEN_OUT


def test_words_of_before_are_sealed_under_the_newest_key_of_their_own_day():
    day = (clock.now() - timedelta(days=400)).date()
    first = row_keys.newest_of(day)
    row_keys.make(first.next)
    row_keys.destroy_before(first.next)
    row_id = new_id()
    row = seal_words(row_id, SAID, day=row_keys.newest_of(day))
    assert row_keys.key_of(row["row_key"]) == first.next
    assert SealedWords(row_id, row["row_key"], row["sealed_words"], None).words == SAID
