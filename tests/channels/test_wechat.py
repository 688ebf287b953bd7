"""The shapes of WeChat's plain mode, against the vectors."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from services.channels.wechat import NotAMessage, echo, fresh, progress_asked, read_message, signature, signed, text_reply

VECTORS = Path(__file__).parent.parent / "vectors"
CRYPTO = json.loads((VECTORS / "wechat_crypto.json").read_text())["vectors"]
MESSAGES = json.loads((VECTORS / "wechat_messages.json").read_text())
PLAIN = [vector for vector in CRYPTO if vector["kind"] in ("mp_url_verify", "mp_plain_post")]
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize("vector", PLAIN, ids=[vector["id"] for vector in PLAIN])
def test_signatures_agree_with_every_vector(vector):
    assert signed(vector["token"], vector["timestamp"], vector["nonce"], vector["signature"]) is vector["valid"]


@pytest.mark.parametrize("vector", MESSAGES["messages"], ids=[vector["id"] for vector in MESSAGES["messages"]])
def test_every_message_is_read(vector):
    message = read_message(vector["xml"].encode())
    expected = vector["expect"]
    assert message.sender == "oTestUser0000000000000000001"
    if "event" in expected:
        assert (message.kind, message.event) == ("event", expected["event"])
    else:
        assert (message.kind, message.message_id) == (expected["kind"], vector["dedupe_key"])
    if expected.get("kind") == "text":
        assert message.text == expected["text"]


@pytest.mark.parametrize("vector", MESSAGES["negative"], ids=[vector["id"] for vector in MESSAGES["negative"]])
def test_everything_else_is_refused(vector):
    with pytest.raises(NotAMessage):
        read_message(vector["xml"].encode())


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00", b"<xml>", b"<xml/>", b'<?xml version="1.0" encoding="nonsense"?><xml/>', b"<xml>" * 5000, b"\x00",
        b"<?xml version='1.0' encoding='utf-16'?><xml/>",
        "<xml><ToUserName>a</ToUserName><FromUserName>村民</FromUserName><CreateTime>1</CreateTime></xml>".encode(),
        b"<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>1</CreateTime><MsgId>a b</MsgId></xml>",
    ],
)  # fmt: skip
def test_hostile_bodies_are_no_messages(body):
    with pytest.raises(NotAMessage):
        read_message(body)


def test_a_reply_goes_back_to_the_sender_and_survives_any_words():
    vector = MESSAGES["messages"][0]
    message = read_message(vector["xml"].encode())
    for words in ("已受理", "<b>&]]>", "]]>]]>", "行\n行"):
        reply = {child.tag: child.text for child in fromstring(text_reply(message, words, NOW))}
        assert reply == {
            "ToUserName": message.sender,
            "FromUserName": message.account,
            "CreateTime": str(int(NOW.timestamp())),
            "MsgType": "text",
            "Content": words,
        }


def test_a_long_reply_is_cut_between_characters():
    message = read_message(MESSAGES["messages"][0]["xml"].encode())
    reply = fromstring(text_reply(message, "长" * 3000, NOW)).findtext("Content")
    assert reply == "长" * 682


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


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("进度 20261122-000123-7", "20261122-000123-7"), ("进度20261122-000123-7", "20261122-000123-7"),
        ("查询：２０２６１１２２－０００１２３－７", "20261122-000123-7"), (" 进度 ", ""), ("进度太慢了", None), ("村里修路的进度", None),
        ("进度 " + "9" * 100, None),
    ],
)  # fmt: skip
def test_a_question_about_progress_is_told_from_a_complaint(text, number):
    assert progress_asked(text) == number


def test_the_signature_is_over_the_sorted_texts():
    assert signature("b", "a", "c") == signature("c", "b", "a")
