"""What a device is called in the list of its owner's sessions. Pure."""

import unicodedata

LONGEST = 60
_BROWSERS = (
    ("MicroMessenger", "微信"), ("wxwork", "企业微信"), ("DingTalk", "钉钉"), ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("QQBrowser", "QQ浏览器"), ("UCBrowser", "UC浏览器"), ("HeadlessChrome", "Chrome"), ("Chrome", "Chrome"),
    ("CriOS", "Chrome"), ("Safari", "Safari"), ("python-httpx", "httpx"), ("curl", "curl"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def device_name(given: str | None, user_agent: str | None) -> str:
    """Return what to call a device: what its client says, else browser and system; no more of the User-Agent is kept."""
    if given is not None and given.strip():
        shown = "".join(letter for letter in given if unicodedata.category(letter)[0] != "C")
        return " ".join(shown.split())[:LONGEST]
    told = user_agent or ""
    known = [next((name for mark, name in names if mark in told), "") for names in (_BROWSERS, _SYSTEMS)]
    return " · ".join(name for name in known if name)
