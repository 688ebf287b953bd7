"""What a file is, by its own bytes; and the few kinds that are taken. Pure.

Pictures, short films, voice and scans are what people send. Whatever a sender or a file name claims is not looked at.
"""

import puremagic

from services.platform.errors import UnsupportedMedia

HEAD_BYTES = 8192
"""So much of the beginning is enough to tell."""

_TAKEN = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jfif": "image/jpeg",
    ".jpe": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heic",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mp3": "audio/mpeg",
    ".mpga": "audio/mpeg",
    ".wav": "audio/wav",
    ".amr": "audio/amr",
    ".pdf": "application/pdf",
}
_HEIC_BRANDS = tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
"""What a HEIC begins with after four bytes; phones write the first. By its box alone it looks like a film."""
_SPEEX = b"Speex   "
"""What the first packet of a voice in Ogg begins with, as WeChat records it in high definition."""
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "video/mp4": "mp4",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/amr": "amr",
    "audio/ogg": "ogg",
    "application/pdf": "pdf",
}


def media_type_of(head: bytes) -> str:
    """Return the media type of a file that begins with `head`; raise ``attachment.type_not_taken`` for every other kind."""
    if head[4:12] in _HEIC_BRANDS:
        return "image/heic"
    if head.startswith(b"OggS") and head[28:36] == _SPEEX:
        return "audio/ogg"
    try:
        guesses = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        guesses = []
    for guess in guesses:  # the surest first; those without a media type are rarities that share a beginning
        if guess.extension in _TAKEN:
            return _TAKEN[guess.extension]
        if guess.mime_type:
            break
    raise UnsupportedMedia(
        "attachment.type_not_taken",
        "Send a picture (JPEG, PNG, WebP, HEIC), a film (MP4), a recording (MP3, WAV, AMR, Speex) or a PDF.",
        extra={"taken": sorted(EXTENSIONS)},
    )
