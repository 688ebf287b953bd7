"""Signatures and AES envelopes of WeChat and WeCom (WXBizMsgCrypt). Pure.

AES-256-CBC, the first half of the key being the IV; the clear text is 16 random bytes, four bytes of length (of bytes, big endian), the
message, and the AppID or CorpID it is meant for; padded as PKCS#7 with blocks of 32. The signature covers the envelope, so it is looked at
before anything is decrypted; the receiver is compared after. Every comparison takes the same time whatever is given.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

WRONG_SIGNATURE, WRONG_RECEIVER, WRONG_CIPHER, WRONG_CONTENT, WRONG_BASE64 = -40001, -40005, -40007, -40008, -40010
"""Why an envelope is refused, by the numbers of the platform's own library."""

_KEY = re.compile(r"[0-9A-Za-z+/]{43}", re.ASCII)
_RANDOM_BYTES, _LENGTH_BYTES, _PAD_BLOCK, _CIPHER_BLOCK = 16, 4, 32, 16
_HEAD = _RANDOM_BYTES + _LENGTH_BYTES


class Refused(Exception):  # noqa: N818  it is raised like a finding, not like an error of ours
    """A call that is not the platform's, or not meant for us. `code` says why and may be logged."""

    def __init__(self, code: int | str) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(frozen=True, slots=True, repr=False)
class Wire:
    """What one callback is secured with: its token, whom it is meant for (AppID or CorpID), and its AES keys, the current one first."""

    token: str
    receiver: str
    keys: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """What an envelope held, and the key that opened it: None where it came in clear."""

    clear: bytes
    key: bytes | None = None


def aes_key(encoded: str) -> bytes:
    """Return the 32 bytes of an EncodingAESKey. Raises ValueError unless it has 43 characters; what the last has too much is ignored."""
    if not _KEY.fullmatch(encoded):
        raise ValueError("an EncodingAESKey has 43 letters and digits")
    return base64.b64decode(encoded + "=")


def signature(*parts: str) -> str:
    """Return the signature over `parts`: lower-case hex SHA-1 over them, sorted as text and joined."""
    return hashlib.sha1("".join(sorted(parts)).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def signed(given: str, *parts: str) -> bool:
    """Tell whether `given` is the signature over `parts`; the time taken says nothing."""
    return hmac.compare_digest(signature(*parts).encode(), given.encode("utf-8", "replace"))


def open_envelope(wire: Wire, encrypt: str, timestamp: str, nonce: str, msg_signature: str) -> Opened:
    """Return what the envelope `encrypt` holds, opened with the first of the wire's keys that fits.

    Raises Refused, with the reason that the current key gave.
    """
    if not signed(msg_signature, wire.token, timestamp, nonce, encrypt):
        raise Refused(WRONG_SIGNATURE)
    reasons: list[Refused] = []
    for key in wire.keys:
        try:
            return Opened(_decrypt(key, encrypt, wire.receiver), key)
        except Refused as reason:
            reasons.append(reason)
    raise reasons[0] if reasons else Refused(WRONG_CIPHER)


def seal_envelope(key: bytes, clear: bytes, receiver: str, random16: bytes | None = None) -> str:
    """Return `clear` as an envelope for `receiver`; `random16` is drawn anew where it is not given, as it must be outside tests."""
    whole = (random16 or secrets.token_bytes(_RANDOM_BYTES)) + len(clear).to_bytes(_LENGTH_BYTES, "big") + clear + receiver.encode()
    pad = _PAD_BLOCK - len(whole) % _PAD_BLOCK
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(encryptor.update(whole + bytes([pad]) * pad) + encryptor.finalize()).decode()


def _decrypt(key: bytes, encrypt: str, receiver: str) -> bytes:
    try:
        sealed = base64.b64decode(encrypt, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(WRONG_BASE64) from None
    if not sealed or len(sealed) % _CIPHER_BLOCK:
        raise Refused(WRONG_CIPHER)
    decryptor = _cipher(key).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    pad = padded[-1]
    if not 1 <= pad <= _PAD_BLOCK or len(padded) - pad < _HEAD:
        raise Refused(WRONG_CONTENT)
    whole = padded[:-pad]
    end = _HEAD + int.from_bytes(whole[_RANDOM_BYTES:_HEAD], "big")
    if end > len(whole):
        raise Refused(WRONG_CONTENT)
    if not hmac.compare_digest(whole[end:], receiver.encode()):
        raise Refused(WRONG_RECEIVER)
    return whole[_HEAD:end]


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(key[:_CIPHER_BLOCK]))
