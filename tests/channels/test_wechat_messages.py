"""Every push is read: all vectors, all other types and events of the documentation, as XML and as JSON; and nothing else is."""

import json
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from services.channels.wechat.messages import NotAMessage, Push, read_fields, read_push

MESSAGES = json.loads((Path(__file__).parent.parent / "vectors" / "wechat_messages.json").read_text())
SENDER = "oTestUser0000000000000000001"


def each(part: str):
    return pytest.mark.parametrize("vector", MESSAGES[part], ids=[vector["id"] for vector in MESSAGES[part]])


def seen(push: Push) -> dict[str, object]:
    """A push by the names the vectors use."""
    place, is_event = push.location, push.kind == "event"
    return {
        "kind": push.kind,
        "text": push.text,
        "media_id": push.media_id,
        "thumb_media_id": push.thumb_media_id,
        "format": push.text_of("Format"),
        "pic_url": push.text_of("PicUrl"),
        "transcript": push.recognition,
        "latitude": place and place.lat,
        "longitude": place and place.lon,
        "precision": place and place.precision,
        "scale": place and place.scale,
        "label": place and place.label,
        "title": push.text_of("Title"),
        "description": push.text_of("Description"),
        "url": push.event_key if is_event else push.text_of("Url"),
        "event": push.event,
        "key": push.event_key,
        "scene": push.scene,
        "ticket": push.text_of("Ticket"),
        "msgid": push.text_of("MsgID"),
        "status": push.text_of("Status"),
    }


def test_no_part_of_the_vectors_is_left_out():
    assert set(MESSAGES) == {"about", "messages", "negative", "replies"}  # the replies are tested beside the other replies


@each("messages")
def test_every_message_is_read(vector):
    push = read_push(vector["xml"].encode())
    found = seen(push)
    assert vector["expect"].items() <= found.items(), vector["note"]
    assert (push.sender, push.account) == (SENDER, "gh_test580")
    if push.kind == "event":
        about = f":{push.text_of('MsgID')}" if push.text_of("MsgID") else ""
        assert push.dedupe_key == f"{vector['dedupe_key']}:{push.event}:{push.event_key}{about}"
    else:
        assert push.dedupe_key == push.message_id == vector["dedupe_key"]


@each("messages")
def test_the_same_message_as_json_is_the_same_push(vector):
    push = read_push(vector["xml"].encode())
    numbers = {name: int(push.text_of(name)) for name in ("CreateTime", "MsgId", "Scale", "MsgID") if push.text_of(name)}
    again = read_push(orjson.dumps({**push.fields, **numbers, "Encrypt": "not looked at"}))
    assert again == push


@each("negative")
def test_everything_else_is_refused(vector):
    with pytest.raises(NotAMessage):
        read_push(vector["xml"].encode())


def xml(**fields: str) -> bytes:
    whole = {"ToUserName": "gh_test580", "FromUserName": SENDER, "CreateTime": "1348831860", **fields}
    return ("<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in whole.items()) + "</xml>").encode()


def event(name: str, **fields: str) -> Push:
    return read_push(xml(MsgType="event", Event=name, **fields))


def test_the_types_that_no_vector_shows_are_read_too():
    image = read_push(xml(MsgType="image", PicUrl="http://x/1", MediaId="m1", MsgId="1"))
    assert (image.kind, image.media_id, image.text_of("PicUrl")) == ("image", "m1", "http://x/1")
    video = read_push(xml(MsgType="video", MediaId="m2", ThumbMediaId="t2", MsgId="2"))
    assert (video.kind, video.media_id, video.thumb_media_id) == ("video", "m2", "t2")
    assert video.created_at == datetime(2012, 9, 28, 11, 31, tzinfo=UTC)


def test_a_type_of_tomorrow_is_kept_whole_and_told_apart_by_what_it_says():
    first, again, other = (read_push(xml(MsgType="Hologram", Depth=depth)) for depth in ("1", "1", "2"))
    assert (first.kind, first.fields["Depth"], first.message_id) == ("hologram", "1", None)
    assert first.dedupe_key == again.dedupe_key != other.dedupe_key


@pytest.mark.parametrize("name", ["scancode_push", "scancode_waitmsg"])
def test_a_scanned_code_is_read(name):
    push = event(name, EventKey="6", ScanCodeInfo="<ScanType>qrcode</ScanType><ScanResult>1</ScanResult>")
    assert push.fields["ScanCodeInfo"] == {"ScanType": "qrcode", "ScanResult": "1"}
    assert (push.event_key, push.scene) == ("6", None)


@pytest.mark.parametrize("name", ["pic_sysphoto", "pic_photo_or_album", "pic_weixin"])
@pytest.mark.parametrize("many", [1, 2])
def test_pictures_sent_from_a_menu_are_a_list_however_many(name, many):
    items = "".join(f"<item><PicMd5Sum>{n}</PicMd5Sum></item>" for n in range(many))
    push = event(name, EventKey="rselfmenu_1_0", SendPicsInfo=f"<Count>{many}</Count><PicList>{items}</PicList>")
    assert push.fields["SendPicsInfo"]["PicList"]["item"] == [{"PicMd5Sum": str(n)} for n in range(many)]


ENTRY = "<List><TemplateId>{}</TemplateId><SubscribeStatusString>{}</SubscribeStatusString></List>"


@pytest.mark.parametrize("wrapper", ["SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent"])
@pytest.mark.parametrize("name", ["subscribe_msg_popup_event", "subscribe_msg_change_event"])
def test_consents_are_read_under_either_wrapper_and_however_many(name, wrapper):
    one = event(name, **{wrapper: ENTRY.format("T1", "accept")})
    two = event(name, **{wrapper: ENTRY.format("T1", "accept") + ENTRY.format("T2", "reject")})
    assert one.choices == [{"TemplateId": "T1", "SubscribeStatusString": "accept"}]
    assert [choice["SubscribeStatusString"] for choice in two.choices] == ["accept", "reject"]
    head = {"ToUserName": "gh", "FromUserName": "o1", "CreateTime": 1, "MsgType": "event", "Event": name}
    single = read_push(orjson.dumps({**head, wrapper: {"List": {"TemplateId": "T1", "SubscribeStatusString": "accept"}}}))
    listed = read_push(orjson.dumps({**head, "List": [{"TemplateId": "T1", "SubscribeStatusString": "accept"}]}))
    assert single.choices == listed.choices == one.choices


def test_a_subscription_message_s_result_is_read():
    entry = "<List><TemplateId>T1</TemplateId><MsgID>{}</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List>"
    first, other = (event("subscribe_msg_sent_event", SubscribeMsgSentEvent=entry.format(number)) for number in ("17", "18"))
    assert first.choices[0]["MsgID"] == "17"
    assert first.dedupe_key != other.dedupe_key


def test_two_results_in_one_second_are_two_events_and_a_retry_is_none():
    first, again, other = (event("TEMPLATESENDJOBFINISH", MsgID=number, Status="success") for number in ("1", "1", "2"))
    assert first.dedupe_key == again.dedupe_key != other.dedupe_key
    click, view = event("CLICK", EventKey="A"), event("VIEW", EventKey="A")
    assert click.dedupe_key != view.dedupe_key != event("VIEW", EventKey="B").dedupe_key


def test_the_scene_loses_its_prefix_at_subscribing_alone():
    assert event("subscribe", EventKey="qrscene_qrscene_1").scene == "qrscene_1"
    assert event("SCAN", EventKey="qrscene_1").scene == "qrscene_1"
    assert event("CLICK", EventKey="qrscene_1").scene is None
    assert event("unsubscribe", EventKey="").scene is None


@pytest.mark.parametrize(("lat", "lon"), [("91", "1"), ("1", "181"), ("nan", "1"), ("", "1"), ("1e1", "1"), ("１", "1"), ("1", "<b/>")])
def test_a_place_that_is_none_is_none_and_the_message_is_read_all_the_same(lat, lon):
    push = read_push(xml(MsgType="location", Location_X=lat, Location_Y=lon, MsgId="1"))
    assert (push.kind, push.location) == ("location", None)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00", b"<xml>", b"<xml/>", b'<?xml version="1.0" encoding="nonsense"?><xml/>', b"<xml>" * 5000, b"\x00",
        b"<?xml version='1.0' encoding='utf-16'?><xml/>", b"<xml>" * 500 + b"</xml>" * 500, b'{"a":' * 500 + b"1" + b"}" * 500,
        xml(MsgType="text", MsgId="a b"), xml(MsgType="text", Content="x"), xml(MsgType="text", MsgId="1", FromUserName="村民"),
        xml(MsgType="text", MsgId="1", FromUserName="<a/>"), xml(MsgType="text", MsgId="1").replace(b"</xml>", b"<MsgId>2</MsgId></xml>"),
        xml(MsgType="text", MsgId="1", CreateTime="99999999999"), b"{}", b"{", b"[]", b'{"FromUserName":{"a":1}}',
        b'{"ToUserName":"a","FromUserName":"b","CreateTime":1,"MsgType":"text","MsgId":1,"Content":"\\u0000"}',
        b"<a><ToUserName>a</ToUserName></a>",
    ],
)  # fmt: skip
def test_hostile_bodies_are_no_messages(body):
    with pytest.raises(NotAMessage):
        read_push(body)


def test_a_push_shows_nothing_of_itself():
    push = read_push(xml(MsgType="text", Content="村口路灯不亮", MsgId="1"))
    assert SENDER not in repr(push)
    assert "路灯" not in repr(push)
    assert "Encrypt" not in read_push(xml(MsgType="text", MsgId="1", Encrypt="x")).fields
    assert read_fields(xml(Encrypt="x"))["Encrypt"] == "x"
