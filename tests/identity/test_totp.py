"""Second factors by the RFCs' own numbers, and what is accepted when."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.totp import (
    STEP_SECONDS,
    code_at,
    enrolment_uri,
    fitting_step,
    new_recovery_codes,
    new_secret,
    plain_code,
    shown_secret,
    step_of,
)

RFC4226 = b"12345678901234567890"
_SEEDS = {"sha1": RFC4226, "sha256": b"12345678901234567890123456789012", "sha512": b"1234567890" * 6 + b"1234"}
# RFC 6238, appendix B: seconds since 1970, then the code of eight digits with SHA-1, SHA-256 and SHA-512
_APPENDIX_B = (
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
)


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), _APPENDIX_B)
def test_codes_are_those_of_rfc_6238(seconds, sha1, sha256, sha512):
    step = step_of(datetime.fromtimestamp(seconds, UTC))
    for algorithm, expected in (("sha1", sha1), ("sha256", sha256), ("sha512", sha512)):
        assert code_at(_SEEDS[algorithm], step, digits=8, algorithm=algorithm) == expected
    assert code_at(RFC4226, step) == sha1[2:], "six digits are the last of eight"


def test_codes_are_those_of_rfc_4226():
    expected = ("755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489")
    assert tuple(code_at(RFC4226, count) for count in range(10)) == expected


@given(seconds=st.integers(10**9, 4 * 10**9), off=st.integers(-4, 4), spent=st.integers(-4, 4))
def test_one_step_to_either_side_is_taken_and_none_twice_or_backwards(seconds, off, spent):
    now = datetime.fromtimestamp(seconds, UTC)
    step, after = step_of(now) + off, step_of(now) + spent
    found = fitting_step(RFC4226, code_at(RFC4226, step), now, after)
    codes = {code_at(RFC4226, one): one for one in range(step_of(now) - 1, step_of(now) + 2)}
    if len(codes) == 3 and (abs(off) <= 1 or code_at(RFC4226, step) not in codes):
        assert found == (step if abs(off) <= 1 and step > after else None)


@pytest.mark.parametrize("given_code", ["", "12345", "1234567", "abcdef", "１２３４５６", "\x00" * 6, "000000 "])
def test_what_is_no_code_is_none(given_code):
    assert fitting_step(RFC4226, given_code, datetime.fromtimestamp(59, UTC), 0) is None


def test_what_an_authenticator_is_told():
    secret = new_secret()
    parts = urlsplit(enrolment_uri(secret, "pengzhai"))
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", "/大管家:pengzhai")
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert asked == {
        "secret": shown_secret(secret),
        "issuer": "大管家",
        "algorithm": "SHA1",
        "digits": "6",
        "period": str(STEP_SECONDS),
    }
    assert len(shown_secret(secret)) == 32


def test_recovery_codes_are_ten_all_different_and_read_however_they_are_typed():
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert {plain_code(f" {code.lower()} ") for code in codes} == {code.replace("-", "") for code in codes}
