"""Signatures and envelopes, against every vector, and against hostile envelopes that are signed rightly."""

import base64
import json
from pathlib import Path

import pytest

from services.channels.wechat.crypto import (
    WRONG_BASE64,
    WRONG_CIPHER,
    WRONG_CONTENT,
    WRONG_RECEIVER,
    WRONG_SIGNATURE,
    Refused,
    Wire,
    _cipher,
    aes_key,
    open_envelope,
    seal_envelope,
    signature,
    signed,
)

CRYPTO = json.loads((Path(__file__).parent.parent / "vectors" / "wechat_crypto.json").read_text())["vectors"]
PLAIN, DECRYPT, ENCRYPT = ("mp_url_verify", "mp_plain_post"), ("aes_decrypt",), ("aes_encrypt",)
TOKEN, RECEIVER = "dagj580Token", "wx5805805805805800"
KEY = aes_key("580580580580580580580580580580580580580580a")
OLD = aes_key("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")


def of(*kinds: str, valid: bool | None = None):
    """Parametrize over the vectors of these kinds."""
    chosen = [vector for vector in CRYPTO if vector["kind"] in kinds and valid in (None, vector["valid"])]
    assert chosen, f"no vector of {kinds}"
    return pytest.mark.parametrize("vector", chosen, ids=[vector["id"] for vector in chosen])


def wire_of(vector: dict) -> Wire:
    return Wire(vector["token"], vector["receive_id"], (aes_key(vector["encoding_aes_key"]),))


def opened(vector: dict, wire: Wire | None = None) -> str:
    found = open_envelope(wire or wire_of(vector), vector["encrypt"], vector["timestamp"], vector["nonce"], vector["msg_signature"])
    return found.clear.decode()


def test_no_kind_of_vector_is_left_out():
    assert {vector["kind"] for vector in CRYPTO} == {*PLAIN, *DECRYPT, *ENCRYPT}
    assert {(vector["kind"], vector["valid"]) for vector in CRYPTO} >= {("aes_decrypt", True), ("aes_decrypt", False)}


@of(*PLAIN)
def test_signatures_agree_with_every_vector(vector):
    assert signed(vector["signature"], vector["token"], vector["timestamp"], vector["nonce"]) is vector["valid"]


@of(*DECRYPT, valid=True)
def test_every_envelope_opens(vector):
    assert opened(vector) == vector["plaintext"]
    assert vector["msg_len"] == len(vector["plaintext"].encode())


REASONS = {"signature": WRONG_SIGNATURE, "pad": WRONG_CONTENT, "base64": WRONG_BASE64, "appid": WRONG_RECEIVER, "receiveid": WRONG_RECEIVER}


@of(*DECRYPT, valid=False)
def test_every_wrong_envelope_is_refused(vector):
    if "-40004" in vector["error"]:
        with pytest.raises(ValueError, match="43"):
            wire_of(vector)
        return
    with pytest.raises(Refused) as refused:
        opened(vector)
    if (expected := REASONS.get(vector["error"].split()[0])) is not None:
        assert refused.value.code == expected


@of(*ENCRYPT)
def test_sealing_makes_the_same_envelope_from_the_same_random(vector):
    key = aes_key(vector["encoding_aes_key"])
    made = seal_envelope(key, vector["plaintext"].encode(), vector["receive_id"], vector["random16"].encode())
    assert made == vector["encrypt"]
    assert signature(vector["token"], vector["timestamp"], vector["nonce"], made) == vector["msg_signature"]
    assert opened(vector) == vector["plaintext"]


@of(*DECRYPT, valid=True)
def test_what_was_sealed_is_sealed_alike_again(vector):
    made = seal_envelope(
        aes_key(vector["encoding_aes_key"]), vector["plaintext"].encode(), vector["receive_id"], vector["random16"].encode()
    )
    assert made == vector["encrypt"]


@of(*DECRYPT, valid=True)
def test_an_envelope_for_somebody_else_is_refused_though_its_signature_is_right(vector):
    whole = wire_of(vector)
    for other in (whole.receiver[:-1], whole.receiver + "0", "", "wx0000000000000000"):
        with pytest.raises(Refused) as refused:
            opened(vector, Wire(whole.token, other, whole.keys))
        assert refused.value.code == WRONG_RECEIVER


def sent(sealed: str) -> tuple[str, str, str, str]:
    """The parts of a call that carries an envelope, rightly signed."""
    return sealed, "1", "n", signature(TOKEN, "1", "n", sealed)


def test_the_previous_key_still_opens_and_is_named():
    wire = Wire(TOKEN, RECEIVER, (KEY, OLD))
    for key in (KEY, OLD):
        found = open_envelope(wire, *sent(seal_envelope(key, "村口路灯".encode(), RECEIVER)))
        assert (found.clear.decode(), found.key) == ("村口路灯", key)
    stranger = aes_key("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
    with pytest.raises(Refused):
        open_envelope(wire, *sent(seal_envelope(stranger, b"x", RECEIVER)))


@pytest.mark.parametrize("length", range(70))
def test_every_length_of_message_comes_back(length):
    clear = ("长" * length).encode()
    assert open_envelope(Wire(TOKEN, RECEIVER, (KEY,)), *sent(seal_envelope(KEY, clear, RECEIVER))).clear == clear


def raw(padded: bytes) -> str:
    """An envelope with exactly these bytes in it."""
    encryptor = _cipher(KEY).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


FULL = b"r" * 16 + (3).to_bytes(4, "big") + b"abc" + RECEIVER.encode()
HOSTILE = {
    "pad 0": (raw(FULL.ljust(64, b"\0")), WRONG_CONTENT),
    "pad 33": (raw(FULL.ljust(63, b"x") + b"\x21"), WRONG_CONTENT),
    "pad longer than all": (raw(b"\x20" * 16), WRONG_CONTENT),
    "nothing but pad": (raw(b"\x20" * 32), WRONG_CONTENT),
    "length past the end": (raw(b"r" * 16 + b"\xff\xff\xff\xff" + b"\x0c" * 12), WRONG_CONTENT),
    "length one too many": (raw(b"r" * 16 + (13).to_bytes(4, "big") + b"a" * 12 + b"\x20" * 32), WRONG_CONTENT),
    "no receiver": (raw(b"r" * 16 + (12).to_bytes(4, "big") + b"a" * 12 + b"\x20" * 32), WRONG_RECEIVER),
    "half a block": (base64.b64encode(b"x" * 24).decode(), WRONG_CIPHER),
    "empty": ("", WRONG_CIPHER),
    "no base64": ("not base64 !!", WRONG_BASE64),
    "not even ASCII": ("村" * 16, WRONG_BASE64),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_envelopes_are_refused_with_their_reason(what):
    sealed, reason = HOSTILE[what]
    with pytest.raises(Refused) as refused:
        open_envelope(Wire(TOKEN, RECEIVER, (KEY,)), *sent(sealed))
    assert refused.value.code == reason


def test_without_a_key_nothing_opens():
    with pytest.raises(Refused):
        open_envelope(Wire(TOKEN, RECEIVER), *sent(seal_envelope(KEY, b"x", RECEIVER)))


def test_the_last_character_of_a_key_may_carry_two_bits_that_mean_nothing():
    first, second = (aes_key("A" * 42 + last) for last in "CD")
    assert first == second
    assert len(first) == 32
    for wrong in ("", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "长", "A" * 43 + "\n"):
        with pytest.raises(ValueError, match="43"):
            aes_key(wrong)


def test_two_envelopes_of_one_message_differ():
    assert seal_envelope(KEY, b"x", RECEIVER) != seal_envelope(KEY, b"x", RECEIVER)
