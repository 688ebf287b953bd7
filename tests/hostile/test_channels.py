"""The ways in that are no JSON for people who are signed in, attacked behind their gates: with right keys, signatures and seals."""

import base64
import itertools
import zlib
from typing import Any
from urllib.parse import urlencode

import pytest
from wechatpy.crypto import WeChatCrypto
from wechatpy.work.crypto import WeChatCrypto as WeComCrypto

from services.channels.wechat.messages import read_fields
from services.platform.clock import now
from tests.channels.platforms import sign, xml
from tests.county import SHUIKOU
from tests.hostile.ammunition import FORM_KINDS, FORMS, NO_JSON, SEGMENTS, TEXTS, VALUES, XML
from tests.hostile.barrage import CANARY, Barrage
from tests.hostile.ground import TUS
from tests.hostile.open_channels import CORP, WECHAT_AES_KEY, WECHAT_APP, WECHAT_TOKEN, WECOM_AES_KEY, WECOM_TOKEN
from tests.hostile.operations import Operation, json_of, operations, some

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALL = {str(operation): operation for operation in operations()}
FORM = "application/x-www-form-urlencoded"
BODIES = {**FORMS, **NO_JSON}
_NO_XML = dict.fromkeys((1, 8, 27, 0xFFFE, 0xFFFF))
"""No XML can hold these."""
_nonces = itertools.count()


def _address(token: str, encrypted: str | None = None) -> dict[str, str]:
    """The signed part of an address."""
    stamp, nonce = str(int(now().timestamp())), f"n{next(_nonces)}"
    found = {"timestamp": stamp, "nonce": nonce, "signature": sign(token, stamp, nonce)}
    return found | ({"msg_signature": sign(token, stamp, nonce, encrypted), "encrypt_type": "aes"} if encrypted else {})


def _envelope(crypto: Any, body: str) -> tuple[str, bytes]:
    """`body` sealed: the cipher, and the envelope it comes in."""
    encrypted = str(read_fields(crypto.encrypt_message(body, "n", "1").encode())["Encrypt"])
    return encrypted, xml(ToUserName="x", Encrypt=encrypted).encode()


def _opened(crypto: Any, reply: str) -> str:
    """What a sealed reply says; nothing where it is none."""
    parts = read_fields(reply.encode()) if reply.startswith("<") else {}
    return str(crypto.decrypt_message(parts, parts["MsgSignature"], parts["TimeStamp"], parts["Nonce"])) if parts else ""


def _text(number: int, told: str, what: str) -> str:
    stamp = int(now().timestamp())
    sender, message = f"o{number}", zlib.crc32(what.encode()) + number
    told = told.translate(_NO_XML).replace("]]>", "")
    return xml(ToUserName="gh", FromUserName=sender, CreateTime=stamp, MsgType="text", Content=told, MsgId=message)


async def _push(barrage: Barrage, path: str, what: str, address: dict[str, str], content: bytes, *wanted: int) -> str:
    answer = await barrage.fire(ALL[f"POST {path}"], what, url=f"{path}?{urlencode(address)}", content=content)
    if answer.status_code not in wanted or CANARY in answer.text:
        barrage.wrong.append(f"{path} {what}: {answer.status_code} {answer.text[:200]}")
    return answer.text


async def test_hostile_messages_with_a_right_signature_break_nothing(barrage):
    path = "/v1/wechat/callback"
    for what, body in XML.items():
        await _push(barrage, path, what, _address(WECHAT_TOKEN), body, 400)
    for number, (what, text) in enumerate(TEXTS.items()):  # of a villager each: what one says is one talk
        said = await _push(barrage, path, what, _address(WECHAT_TOKEN), _text(number, text, what).encode(), 200)
        barrage.filed += "工单号" in said
    assert barrage.filed > 10


@pytest.mark.parametrize("path", ["/v1/wechat/callback", "/v1/wecom/callback"])
async def test_hostile_messages_under_a_right_seal_break_nothing(barrage, path):
    work = "wecom" in path
    token = WECOM_TOKEN if work else WECHAT_TOKEN
    crypto = WeComCrypto(token, WECOM_AES_KEY, CORP) if work else WeChatCrypto(token, WECHAT_AES_KEY, WECHAT_APP)
    for what, body in XML.items():
        encrypted, content = _envelope(crypto, body.decode("latin-1"))
        await _push(barrage, path, f"sealed {what}", _address(token, encrypted), content, 400, 413)
        await _push(barrage, path, f"no envelope: {what}", _address(token, "x"), body, 400, 413)
    for number, (what, text) in enumerate(TEXTS.items()):
        encrypted, content = _envelope(crypto, _text(100 + number, text, what))
        said = await _push(barrage, path, f"sealed {what}", _address(token, encrypted), content, 200)
        barrage.filed += "工单号" in _opened(crypto, said)
    for what in ("", "!", "水", "A" * 7, base64.b64encode(b"x" * 31).decode(), base64.b64encode(b"x" * 32).decode(), "A" * 20_000):
        await _push(
            barrage,
            path,
            f"cipher {what[:9]}",
            _address(token, what or "x"),
            xml(ToUserName="x", Encrypt=what).encode(),
            403 if what else 400,
        )


async def test_hostile_forms_with_a_right_key_break_nothing(barrage):
    key = barrage.secrets["open311"]
    for path in ("servicerequestupdates", "requests"):
        operation = ALL[f"POST /open311/v2/{path}.{{fmt}}"]
        url = operation.path.format(fmt="json") + f"?api_key={key}"
        for what, body in BODIES.items():
            for kind in (FORM, *some(FORM_KINDS, 2, operation, what)):
                answer = await barrage.fire(operation, f"{what} as {kind[:40]}", url=url, content=body, headers={"Content-Type": kind})
                if answer.status_code not in (400, 413):
                    barrage.wrong.append(f"{what}: {answer.status_code} {answer.text[:200]}")
    for what, text in TEXTS.items():
        wish = {
            "service_code": "consultation.policy",
            "description": text,
            "first_name": text[:500],
            "email": text[:300],
            "media_url": text,
        }
        answer = await barrage.fire(operation, what, url=url, data=wish)
        barrage.filed += "工单号" in answer.text
        for name in ("lat", "long", "address_id", "address_string", "service_code", "jurisdiction_id", "attribute[x]", "phone"):
            answer = await barrage.fire(operation, f"{what} as {name}", url=url, data={**wish, "description": "x", name: text})
            barrage.filed += "工单号" in answer.text
    assert barrage.filed > 10


async def test_uploads_that_are_no_files_are_refused(barrage):
    upload = ALL["POST /v1/attachments"]
    for what, body in BODIES.items():
        for kind in some(FORM_KINDS, 4, what):
            await barrage.fire(upload, f"{what} as {kind[:40]}", refused=True, content=body, headers={"Content-Type": kind})


_NUMBERS = ("", " ", "-1", "x", "1.5", "1e3", "0x10", "9" * 30, "9" * 5000, "+1", "٣", "1,1", "NaN")
_METADATA = (
    ",", " ", "a", "a !", "a b c", "filename " + "A" * 20_000, "a =", "filename 5rC0,filename 5rC0", "\xff x", "a 7aCA",
    "=?utf-8?Q?a?= YQ==",
)  # fmt: skip
_CHECKSUMS = ("", "x", "sha1", "sha1 ", "sha1 !", "sha1 YQ==", "md5 YQ==", "nowhere YQ==", "crc32 \xff", "sha1  " + "A" * 9000, "sha1 a b")


async def test_no_header_of_tus_breaks_an_upload(barrage):
    create, send = ALL["POST /v1/uploads"], ALL["PATCH /v1/uploads/{upload_id}"]
    length = {"Upload-Length": "10", "Content-Type": "application/offset+octet-stream"}
    piece = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    attacks: list[tuple[Operation, dict[str, str], str, tuple[str, ...], bool]] = [
        (create, length, "Upload-Length", _NUMBERS, True),
        (create, {**length, "Upload-Length": ""}, "Upload-Defer-Length", _NUMBERS, False),
        (create, length, "Upload-Metadata", _METADATA, False),
        (create, length, "Upload-Checksum", _CHECKSUMS, False),
        (create, length, "Tus-Resumable", ("", "1", "0.0.0", "1.0.0\t", "x" * 5000), False),
        (send, piece, "Upload-Offset", (*_NUMBERS, "5", "10"), True),
        (send, piece, "Upload-Length", _NUMBERS, False),
        (send, piece, "Upload-Checksum", _CHECKSUMS[1:], True),
        (send, piece, "Content-Type", (*FORM_KINDS[:3], "application/json", "x"), True),
    ]
    for operation, usual, name, values, refused in attacks:
        for value in values:
            headers = {**usual, name: value.encode("utf-8")} if name != "" else usual
            refusal = refused and value.strip() not in ("1000", "+1")
            await barrage.fire(operation, f"{name}: {value[:30]!r}", refused=refusal, content=b"x" * 5, headers=headers)
    for body in some(BODIES.items(), 12, send):
        await barrage.fire(send, f"{body[0]} as a piece", content=body[1], headers=piece)
    for segment in SEGMENTS:
        await barrage.fire(send, "a segment", refused=True, url=send.address({}, upload_id=segment), content=b"x", headers=piece)
    await barrage.fire(ALL["GET /v1/uploads/{upload_id}"], "what became of it", headers={"Tus-Resumable": TUS["Tus-Resumable"]})


async def test_orders_with_a_right_signature_break_nothing(barrage):
    operation = ALL["POST /v1/platforms/{connection}/orders"]
    for what, body in BODIES.items():
        await barrage.fire(operation, what, refused=True, content=body, headers={"Content-Type": "application/json"})
    order = {"orderNo": "1", "content": "水管爆了", "area": SHUIKOU, "reporter": {"name": "x", "mobile": "13800000123"}}
    values = [*TEXTS.values(), *VALUES, {"mobile": []}, [[[]]]]
    for number, value in enumerate(values):
        for name in order:
            known = {**order, "orderNo": f"HY-{number}-{name}", name: value}
            await barrage.fire(operation, f"{value!r:.30} as {name}", content=json_of(known), headers={"Content-Type": "application/json"})
    assert barrage.filed > len(values)


@pytest.mark.parametrize("connection", ["pbx-580", "twilio-580"])
async def test_posts_of_an_exchange_that_has_shown_its_secret_are_kept_whatever_they_say(barrage, connection):
    operation = ALL["POST /v1/hotline/calls/{connection}"]
    signer = barrage.signers["twilio" if connection == "twilio-580" else str(operation)]
    url = f"/v1/hotline/calls/{connection}"
    forms = [
        urlencode({"CallSid": "CA1", "CallStatus": text, "From": text, "Timestamp": text}, errors="replace") for text in TEXTS.values()
    ]
    for what, body in {**BODIES, **{f"form {number}": form.encode() for number, form in enumerate(forms)}}.items():
        for kind in (FORM, *(some((*FORM_KINDS, "application/xml"), 1, what) if connection == "pbx-580" else ())):
            headers = {"Content-Type": kind, **signer(body)}
            answer = await barrage.fire(operation, f"{what} as {kind[:40]}", url=url, content=body, headers=headers)
            if answer.status_code != 200:
                barrage.wrong.append(f"{connection} {what}: {answer.status_code} {answer.text[:200]}")
