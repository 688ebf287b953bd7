"""The platforms as wechatpy plays them: signed addresses, sealed pushes, replies opened again. Nothing of ours makes or opens a seal."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from wechatpy.crypto import WeChatCrypto
from wechatpy.crypto.base import BasePrpCrypto
from wechatpy.utils import WeChatSigner, to_text
from wechatpy.work.crypto import WeChatCrypto as WeComCrypto

from services.channels.wechat.messages import read_fields

TOKEN, APP, ACCOUNT = "dagj580Token", "wx5805805805805800", "gh_test580"
KEY, OLD_KEY = "580580580580580580580580580580580580580580a", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
OPENID = "oTestUser0000000000000000001"


def xml(**fields: object) -> str:
    """A body of these elements."""
    return "<xml>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items()) + "</xml>"


def text_push(words: str, message_id: int, sender: str = OPENID, account: str = ACCOUNT) -> str:
    """A text as WeChat writes it."""
    now = int(datetime.now(UTC).timestamp())
    return xml(ToUserName=account, FromUserName=sender, CreateTime=now, MsgType="text", Content=words, MsgId=message_id)


def sign(*parts: str) -> str:
    """The signature, as wechatpy makes it."""
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


@dataclass
class Platform:
    """WeChat or WeCom, calling one address. `http` is any client, `key` the EncodingAESKey it seals with."""

    http: httpx.AsyncClient
    path: str = "/v1/wechat/callback"
    token: str = TOKEN
    key: str = KEY
    receiver: str = APP
    work: bool = False

    @property
    def crypto(self) -> WeChatCrypto | WeComCrypto:
        """wechatpy's own sealing."""
        return (WeComCrypto if self.work else WeChatCrypto)(self.token, self.key, self.receiver)

    def address(self, nonce: str = "", stamp: int | None = None, **more: str) -> dict[str, str]:
        """The signed part of a call of just now."""
        timestamp, nonce = str(stamp or int(datetime.now(UTC).timestamp())), nonce or secrets.token_hex(5)
        return {"signature": sign(self.token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce, **more}

    async def plain(self, body: str, **changes: object) -> httpx.Response:
        """Push in clear."""
        return await self.http.post(self.path, params=self.address(**changes), content=body.encode())

    async def sealed(self, body: str, beside: str = "", **changes: object) -> httpx.Response:
        """Push sealed; `beside` is what compatible mode sends in clear along with it."""
        address = self.address(**changes)
        whole = read_fields(self.crypto.encrypt_message(body, address["nonce"], address["timestamp"]).encode())
        address |= {"encrypt_type": "aes", "msg_signature": whole["MsgSignature"]}
        envelope = f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>{beside}<Encrypt><![CDATA[{whole['Encrypt']}]]></Encrypt></xml>"
        return await self.http.post(self.path, params=address, content=envelope.encode())

    async def verify(self, clear: str) -> httpx.Response:
        """Verify WeCom's address with a sealed echo."""
        address = self.address()
        cipher = _Echo(self.crypto.key)
        echostr = to_text(cipher.seal(clear, self.receiver))
        address["msg_signature"] = sign(self.token, address["timestamp"], address["nonce"], echostr)
        return await self.http.get(self.path, params=address | {"echostr": echostr})

    def open(self, reply: httpx.Response) -> str:
        """What a sealed reply says, opened by wechatpy."""
        assert reply.status_code == 200, reply.text
        parts = read_fields(reply.content)
        return str(self.crypto.decrypt_message(parts, parts["MsgSignature"], parts["TimeStamp"], parts["Nonce"]))


class _Echo(BasePrpCrypto):
    def seal(self, text: str, receiver: str) -> bytes:
        return bytes(self._encrypt(text, receiver))
