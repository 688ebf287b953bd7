"""Passive replies: every rendering of the vectors, any words, and envelopes that an independent client opens."""

import json
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from defusedxml.ElementTree import fromstring
from wechatpy.crypto import WeChatCrypto

from services.channels.wechat.crypto import Opened, Wire, aes_key
from services.channels.wechat.messages import read_fields, read_push
from services.channels.wechat.replies import ImageReply, NewsReply, Reply, TextReply, VideoReply, VoiceReply, reply_to, sealed_reply

MESSAGES = json.loads((Path(__file__).parent.parent / "vectors" / "wechat_messages.json").read_text())
PUSH = read_push(MESSAGES["messages"][0]["xml"].encode())
THEN = datetime.fromtimestamp(1348831861, UTC)
NEWS = NewsReply("办理结果", "路灯已修复", "https://example.org/a.jpg", "https://example.org/t/1")
REPLIES: dict[str, Reply] = {
    "reply_text": TextReply("已受理，工单号 2026070200123"),
    "reply_image": ImageReply("media_id_9"),
    "reply_news": NEWS,
}


def stripped(value: object) -> object:
    """The same without the blanks that wechatpy puts between elements."""
    return {name: stripped(inner) for name, inner in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("vector", MESSAGES["replies"], ids=[vector["id"] for vector in MESSAGES["replies"]])
def test_every_reply_is_rendered_as_it_should(vector):
    made = reply_to(PUSH, REPLIES[vector["id"]], THEN)
    if "xml_min" in vector:
        assert made == vector["xml_min"]
    assert read_fields(made.encode()) == stripped(read_fields(vector["wechatpy_render"].encode()))


def test_the_replies_that_no_vector_shows_follow_the_documentation():
    assert read_fields(reply_to(PUSH, VoiceReply("m"), THEN).encode())["Voice"] == {"MediaId": "m"}
    video = read_fields(reply_to(PUSH, VideoReply("m", "题", "述"), THEN).encode())
    assert (video["MsgType"], video["Video"]) == ("video", {"MediaId": "m", "Title": "题", "Description": "述"})


@pytest.mark.parametrize("words", ["已受理", "<b>&]]>", "]]>]]>", "行\n行", "&amp;", "😀" * 3])
def test_any_words_survive(words):
    reply = {child.tag: child.text for child in fromstring(reply_to(PUSH, TextReply(words), THEN))}
    assert reply == {
        "ToUserName": PUSH.sender,
        "FromUserName": PUSH.account,
        "CreateTime": "1348831861",
        "MsgType": "text",
        "Content": words,
    }


def test_what_no_xml_can_hold_is_left_out_instead_of_breaking_the_reply():
    words = "a\x00\x08\x1b\ud800\ufffe\uffffb"
    assert fromstring(reply_to(PUSH, TextReply(words), THEN)).findtext("Content") == "ab"
    assert fromstring(reply_to(PUSH, NewsReply(words, "", "", ""), THEN)).findtext("Articles/item/Title") == "ab"


@pytest.mark.parametrize(("words", "shown"), [("长" * 3000, 682), ("a" * 3000, 2048), ("😀" * 3000, 512)])
def test_a_long_reply_is_cut_between_characters(words, shown):
    found = fromstring(reply_to(PUSH, TextReply(words), THEN)).findtext("Content")
    assert found == words[:shown]
    assert len(found.encode()) <= 2048


def test_where_pushes_are_json_replies_are_too():
    assert orjson.loads(reply_to(PUSH, TextReply("好"), THEN, as_json=True)) == {
        "ToUserName": PUSH.sender, "FromUserName": PUSH.account, "CreateTime": 1348831861, "MsgType": "text", "Content": "好",
    }  # fmt: skip
    assert orjson.loads(reply_to(PUSH, NEWS, THEN, as_json=True))["Articles"][0]["Title"] == "办理结果"


@pytest.mark.parametrize("as_json", [False, True])
def test_a_sealed_reply_is_opened_by_wechatpy(as_json):
    encoded, token, app = "580580580580580580580580580580580580580580a", "dagj580Token", "wx5805805805805800"
    key = aes_key(encoded)
    clear = reply_to(PUSH, TextReply("已受理😀"), THEN, as_json=as_json)
    sealed = sealed_reply(Wire(token, app, (key,)), Opened(b"", key), clear, THEN, "n]]>1", as_json=as_json)
    parts = read_fields(sealed.encode())
    assert (parts["Nonce"], parts["TimeStamp"]) == ("n]]>1", "1348831861")
    crypto = WeChatCrypto(token, encoded, app)
    assert crypto.decrypt_message(parts, parts["MsgSignature"], parts["TimeStamp"], parts["Nonce"]) == clear
