"""Which calls are WeChat's under which mode; what goes back to a verification; when a text asks for progress."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.channels.wechat.crypto import WRONG_SIGNATURE, Refused, Wire, aes_key, seal_envelope, signature
from services.channels.wechat.messages import NotAMessage
from services.channels.wechat.wire import Call, Mode, echo, fresh, open_call

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CRYPTO = json.loads((Path(__file__).parent.parent / "vectors" / "wechat_crypto.json").read_text())["vectors"]
TOKEN, APP = "dagj580Token", "wx5805805805805800"
KEY = aes_key("580580580580580580580580580580580580580580a")
WIRE = Wire(TOKEN, APP, (KEY,))
CLEAR = b"<xml><ToUserName>gh</ToUserName><FromUserName>o1</FromUserName></xml>"
SEALED = seal_envelope(KEY, CLEAR, APP)
PLAIN_CALL = Call(signature=signature(TOKEN, "1", "n"), timestamp="1", nonce="n")


def aes_call(sealed: str = SEALED, **changes: str) -> Call:
    given = {"signature": signature(TOKEN, "1", "n"), "msg_signature": signature(TOKEN, "1", "n", sealed), "encrypt_type": "aes"}
    return Call(**{**given, "timestamp": "1", "nonce": "n", **changes})


def safe_body(sealed: str = SEALED, beside: str = "") -> bytes:
    return f"<xml><ToUserName>gh</ToUserName>{beside}<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()


@pytest.mark.parametrize("mode", [Mode.PLAIN, Mode.COMPATIBLE])
def test_plain_pushes_are_taken_in_plain_and_compatible_mode(mode):
    letter = open_call(PLAIN_CALL, CLEAR, WIRE, mode)
    assert (letter.opened.clear, letter.opened.key, letter.as_json) == (CLEAR, None, False)


@pytest.mark.parametrize("mode", [Mode.SAFE, Mode.COMPATIBLE])
def test_sealed_pushes_are_taken_in_safe_and_compatible_mode(mode):
    letter = open_call(aes_call(), safe_body(), WIRE, mode)
    assert (letter.opened.clear, letter.opened.key) == (CLEAR, KEY)


def test_what_stands_beside_the_envelope_is_not_looked_at():
    forged = "<FromUserName>oForged</FromUserName><Content>forged</Content>"
    assert open_call(aes_call(), safe_body(beside=forged), WIRE, Mode.COMPATIBLE).opened.clear == CLEAR


def refused(call: Call, body: bytes, mode: Mode) -> int | str:
    with pytest.raises(Refused) as reason:
        open_call(call, body, WIRE, mode)
    return reason.value.code


def test_safe_mode_takes_nothing_in_clear_however_it_is_signed():
    assert refused(PLAIN_CALL, CLEAR, Mode.SAFE) == "plain_in_safe_mode"
    assert refused(PLAIN_CALL, safe_body(), Mode.SAFE) == "plain_in_safe_mode"
    with pytest.raises(NotAMessage):
        open_call(aes_call(), CLEAR, WIRE, Mode.SAFE)


def test_plain_mode_says_that_it_has_no_key():
    assert refused(aes_call(), safe_body(), Mode.PLAIN) == "encrypted_in_plain_mode"


@pytest.mark.parametrize("mode", [Mode.SAFE, Mode.COMPATIBLE])
def test_the_signature_without_the_envelope_does_not_open_it(mode):
    plain = signature(TOKEN, "1", "n")
    assert refused(aes_call(msg_signature=plain), safe_body(), mode) == WRONG_SIGNATURE
    assert refused(aes_call(msg_signature="测"), safe_body(), mode) == WRONG_SIGNATURE
    assert refused(aes_call(), safe_body(seal_envelope(KEY, CLEAR, APP)), mode) == WRONG_SIGNATURE


def test_a_wrong_plain_signature_opens_nothing():
    for wrong in ("", "0" * 40, PLAIN_CALL.signature.upper(), "测"):
        assert refused(Call(signature=wrong, timestamp="1", nonce="n"), CLEAR, Mode.PLAIN) == WRONG_SIGNATURE


def test_json_pushes_are_known_by_their_shape():
    (plain,) = [vector for vector in CRYPTO if vector["id"] == "mp-plain-1"]
    call = Call(signature=plain["signature"], timestamp=plain["timestamp"], nonce=plain["nonce"])
    assert open_call(call, plain["body"].encode(), Wire(plain["token"], ""), Mode.PLAIN).as_json
    (sealed,) = [vector for vector in CRYPTO if vector["id"] == "mp-aes-1"]
    call = Call(msg_signature=sealed["msg_signature"], timestamp=sealed["timestamp"], nonce=sealed["nonce"], encrypt_type="aes")
    wire = Wire(sealed["token"], sealed["receive_id"], (aes_key(sealed["encoding_aes_key"]),))
    body = json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": sealed["encrypt"]}).encode()
    letter = open_call(call, body, wire, Mode.SAFE)
    assert letter.as_json
    assert letter.opened.clear.decode() == sealed["plaintext"]


@pytest.mark.parametrize(
    "body", [b"", b"<xml/>", b"<xml><Encrypt/></xml>", b"<xml><Encrypt><a/></Encrypt></xml>", b"{}", b'{"Encrypt":[1]}']
)
def test_a_body_without_an_envelope_is_no_message(body):
    with pytest.raises(NotAMessage):
        open_call(aes_call(), body, WIRE, Mode.SAFE)


@pytest.mark.parametrize(("stamp", "holds"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_call_holds_for_five_minutes_either_way(stamp, holds):
    assert fresh(str(int(NOW.timestamp()) + stamp), NOW, 300) is holds


@pytest.mark.parametrize("stamp", ["", "abc", "-1", "１２３", "9" * 30, "1e9"])
def test_a_timestamp_that_is_none_never_holds(stamp):
    assert fresh(stamp, NOW, 300) is False


def test_only_a_short_plain_echo_goes_back():
    assert echo("4375120948345356249") == "4375120948345356249"
    for hostile in ("<script>alert(1)</script>", "", "x" * 65, "a\nb", "１"):
        assert echo(hostile) is None
