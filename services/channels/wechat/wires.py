"""The two callbacks' wires as the settings say: tokens, receivers and keys, checked when a door starts."""

from services.channels.wechat.crypto import Wire, aes_key
from services.channels.wechat.wire import Mode
from services.platform.errors import NotFound, Problem
from services.platform.settings import settings


def wechat_wire() -> tuple[Wire, Mode]:
    """Return the official account's wire and mode. Raises NotFound where no token is set: there is nothing to verify with.

    Where the mode is not set, it is `safe` with an EncodingAESKey and `plain` without: a key that is there is never talked out of use.
    Raises Problem ``settings.wechat_…`` for settings that do not fit together.
    """
    given = settings()
    token = given.wechat_token.get_secret_value()
    if not token:
        raise NotFound("wechat.not_configured", "No WeChat messages are taken here. Set DAGUANJIA_WECHAT_TOKEN to open the channel.")
    keys = _keys("WECHAT", given.wechat_aes_key.get_secret_value(), given.wechat_aes_key_previous.get_secret_value())
    named = given.wechat_mode or (Mode.SAFE if keys else Mode.PLAIN)
    if named not in set(Mode):
        raise _wrong("wechat_mode", "DAGUANJIA_WECHAT_MODE is plain, compatible or safe; leave it empty to have it follow the key.")
    mode = Mode(named)
    if mode is not Mode.PLAIN and not keys:
        raise _wrong("wechat_aes_key", f"DAGUANJIA_WECHAT_MODE={mode.value} needs DAGUANJIA_WECHAT_AES_KEY, the account's EncodingAESKey.")
    if mode is not Mode.PLAIN and not given.wechat_app_id:
        raise _wrong("wechat_app_id", "DAGUANJIA_WECHAT_AES_KEY needs DAGUANJIA_WECHAT_APP_ID: it is compared after decrypting.")
    return Wire(token, given.wechat_app_id, keys), mode


def wecom_wire() -> Wire:
    """Return the wire of the WeCom application; it is always encrypted. Raises NotFound where it is not set up."""
    given = settings()
    token = given.wecom_token.get_secret_value()
    if not token:
        raise NotFound("wecom.not_configured", "No WeCom messages are taken here. Set DAGUANJIA_WECOM_TOKEN to open the channel.")
    keys = _keys("WECOM", given.wecom_aes_key.get_secret_value(), given.wecom_aes_key_previous.get_secret_value())
    if not keys or not given.wecom_corp_id:
        raise _wrong("wecom", "DAGUANJIA_WECOM_TOKEN needs DAGUANJIA_WECOM_AES_KEY and DAGUANJIA_WECOM_CORP_ID.")
    return Wire(token, given.wecom_corp_id, keys)


async def check_wires() -> None:
    """Raise Problem ``settings.…`` where a callback is set up and its settings do not fit: better when a door starts than at a push."""
    for wire in (wechat_wire, wecom_wire):
        try:
            wire()
        except NotFound:
            continue


def _keys(whose: str, current: str, previous: str) -> tuple[bytes, ...]:
    """The keys that are set, the current one first."""
    found = []
    for name, given in (("AES_KEY", current), ("AES_KEY_PREVIOUS", previous)):
        if given:
            try:
                found.append(aes_key(given))
            except ValueError:
                raise _wrong(
                    f"{whose}_{name}".lower(), f"DAGUANJIA_{whose}_{name} is no EncodingAESKey: 43 letters and digits from the console."
                ) from None
    return tuple(found)


def _wrong(name: str, detail: str) -> Problem:
    return Problem(f"settings.{name}", detail, status=500)
