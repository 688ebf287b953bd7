"""Which passwords are refused, and that those of ordinary people who mean well are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.password_rules import REFUSED, fault_of

REFUSED_FOR = {
    "too_short": ["", "abc", "七个字的口令呀", "Aa1!Bb2"],
    "common": [
        "password", "Password1", "P@ssw0rd!", "passw0rd2026", "admin123", "Admin@2026", "woaini1314", "WoAiNi520!", "heping2026",
        "daguanjia580", "iloveyou1314", "letmein!!", "wangge2026", "zhang1988", "abcd1234!",
    ],
    "number": ["13812345678", "19880214", "441624198802", "12345678"],
    "repeats": ["aaaaaaaa", "abababab", "111111111111111", "qwertyuiop", "1qaz2wsx", "asdfghjkl", "poiuytrewq"],
    "own_name": ["pengzhai2026", "my-PengZhai-door", "黄小明的口令2026", "我是黄小明呀呀呀"],
    "same": ["水渠 梯田 晒谷场"],
}  # fmt: skip


@pytest.mark.parametrize(("fault", "password"), [(fault, password) for fault, many in REFUSED_FOR.items() for password in many])
def test_what_is_tried_first_is_refused(fault, password):
    assert fault_of(password, "pengzhai", "黄小明", "水渠 梯田 晒谷场") == fault
    assert fault in REFUSED


@pytest.mark.parametrize(
    "password",
    [
        "测试口令-2026",
        "水渠 梯田 晒谷场 7",
        "correct horse battery staple",
        "mV7#qL2x",
        "k7qp-m2xw-rt9b-hcde",
        "晒谷场的第三棵榕树",
        "Xk3-11-lychee",
    ],
)
def test_what_nobody_guesses_is_taken(password):
    assert fault_of(password, "pengzhai", "黄小明", "old one") is None


@given(password=st.text(max_size=300), login=st.text("abc.1", min_size=1, max_size=8), name=st.text(max_size=6))
def test_every_refusal_has_words(password, login, name):
    fault = fault_of(password, login, name)
    assert fault is None or REFUSED[fault].endswith(".")
    if fault is None:
        assert len(password) >= 8
