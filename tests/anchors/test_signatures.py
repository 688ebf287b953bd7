"""The verifier's own Ed25519 beside the vectors of RFC 8032 and beside a library."""

import importlib.util
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from services.anchors import files, signing
from services.anchors.signing import key_of
from services.platform.canonical import canonical
from services.platform.errors import Problem

_PATH = Path(__file__).resolve().parents[2] / "tools" / "verify_history.py"
_SPEC = importlib.util.spec_from_file_location("verify_history", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
tool = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tool)

# RFC 8032, 7.1, TEST 1 to TEST 3 and TEST SHA(abc): seed, public key, message, signature
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), VECTORS)
def test_vectors_of_rfc_8032(seed, public, message, signature):
    key, told = key_of(seed), bytes.fromhex(message)
    assert key.public.hex() == public
    assert key.sign(told).hex() == signature
    for verify in (tool.signed_by, signing.signed_by):
        assert verify(bytes.fromhex(public), bytes.fromhex(signature), told)
        assert not verify(bytes.fromhex(public), bytes.fromhex(signature), told + b"x")
        assert not verify(bytes.fromhex(VECTORS[0][1 if public != VECTORS[0][1] else 3])[:32], bytes.fromhex(signature), told)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.integers(0, 511), st.booleans())
@settings(max_examples=60)  # two verifications of six milliseconds each
def test_both_say_the_same(seed, message, bit, whole):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), bytearray(private.sign(message))
    if not whole:
        signature[bit // 8] ^= 1 << bit % 8
    assert tool.signed_by(public, bytes(signature), message) == signing.signed_by(public, bytes(signature), message) == whole


def test_what_is_no_key_and_no_signature_signs_nothing():
    key = key_of("44" * 32)
    good = key.sign(b"x")
    order = 2**252 + 27742317777372353535851937790883648493
    grown = good[:32] + (int.from_bytes(good[32:], "little") + order).to_bytes(32, "little")
    for public, signature in (
        (key.public[:31], good),
        (b"\xff" * 32, good),
        ((2).to_bytes(32, "little"), good),  # no point of the curve
        (key.public, good[:63]),
        (key.public, b""),
        (key.public, grown),  # the same signature in another spelling
    ):
        assert not tool.signed_by(public, signature, b"x")
        assert not signing.signed_by(public, signature, b"x")


def test_a_seed_is_64_hex_digits():
    for wrong in ("", "11" * 31, "zz" * 32, "11" * 33):
        with pytest.raises(Problem, match=r"settings\.anchor_key"):
            key_of(wrong)
    assert "11111111" not in repr(key_of("11" * 32))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz_", min_size=1, max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_canonical_bytes_are_the_same(value):
    assert tool.canonical(value) == files.canonical(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 8785, 3.2.3: what 3.2.2 parses, but its numbers with fractions, which are refused here
        (
            {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/", "literals": [None, True, False]},
            '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
        ),
        # RFC 8785, 3.2.3: the order of keys, without the one beyond U+FFFF, which is refused here
        (
            {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u0080": 5, "\u00f6": 6},
            '{"\\r":2,"1":4,"\u0080":5,"ö":6,"€":1,"\ufb33":3}',
        ),
        # RFC 8785, appendix B: the integers that have one spelling
        ([0, 9007199254740991, -9007199254740991], "[0,9007199254740991,-9007199254740991]"),
        ({"\b\t\f\x1f\x7f/": "\u2028"}, '{"\\b\\t\\f\\u001f\x7f/":"\u2028"}'),
    ],
)
def test_canonical_bytes_are_those_of_rfc_8785(value, expected):
    assert canonical(value) == tool.canonical(value) == expected.encode()


@pytest.mark.parametrize("value", [2**53, -(2**53), 1e30, {"a": [0.5]}, {"deep": {"n": 2**63}}])
def test_numbers_that_readers_spell_differently_are_refused(value):
    with pytest.raises(TypeError):
        canonical(value)
    with pytest.raises(ValueError, match="canonical"):
        tool.canonical(value)


def test_a_key_that_is_sorted_differently_elsewhere_is_refused():
    with pytest.raises(TypeError):
        canonical({"\U0001f600": 1, "\ufb33": 2})
