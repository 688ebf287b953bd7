"""Ticket numbers survive the telephone."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.tickets.numbers import format_number, read_number

numbers = st.builds(format_number, st.dates(date(2017, 3, 1), date(2099, 12, 31)), st.integers(1, 10**9))


def test_number_reads_as_day_sequence_and_check_digit():
    number = format_number(date(2026, 11, 22), 123)
    assert number.startswith("20261122-000123-")
    assert read_number(number.replace("-", "")) == number
    assert read_number(f"  {number} ") == number


@given(numbers, st.data())
def test_one_wrong_digit_is_always_noticed(number, data):
    places = [place for place, sign in enumerate(number) if sign.isdigit()]
    place = data.draw(st.sampled_from(places))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert read_number(number[:place] + wrong + number[place + 1 :]) is None


@given(st.text(max_size=40))
def test_other_text_is_no_number_and_no_error(text):
    assert read_number(text) is None or text.strip()[:8].isdigit()


def test_full_width_digits_are_not_taken_for_a_number():
    assert read_number("２０２６１１２２-000123-7") is None
