"""Pictures: opened within limits when they come, what they say of themselves kept apart, and a copy that says nothing.

A picture is refused by the size its header tells, before anything is decoded. Decoding is done in two threads of this process and no more:
it takes memory (four bytes a pixel) and a core. EXIF, GPS, XMP, comments, thumbnails, colour profiles and whatever hangs behind the end
never reach a public copy, because the copy is painted anew from the pixels; nothing is filtered out of a file.
"""

import asyncio
import math
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, BinaryIO, TypeVar

import pillow_heif
from PIL import ExifTags, Image, ImageCms, ImageOps

from services.attachments.likeness import likeness
from services.platform.clock import SHANGHAI
from services.platform.errors import Invalid, TooLarge

T = TypeVar("T")

COPY_SIDE = 2048
"""Longest side of a public copy, in pixels."""
COPY_TYPE = "image/jpeg"
_QUALITY = 85
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
_CHECKED_SIDE = 1024  # a JPEG is decoded at an eighth where that is enough to see that it is whole
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pictures")
_EARLIEST = 1990
_POLE, _DATE_LINE = 90, 180
_TIME = "%Y:%m:%d %H:%M:%S"

pillow_heif.register_heif_opener(thumbnails=False)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # what it thinks of somebody's EXIF is nothing for our log
Image.MAX_IMAGE_PIXELS = None  # ours is asked instead, before anything is decoded; Pillow's would only warn up to twice its own


@dataclass(frozen=True, slots=True)
class Facts:
    """What a picture says of itself. Position in degrees, WGS-84 as cameras write it; `taken_at` in UTC.

    A camera that names no zone is taken to be set to the time of Shanghai. `readable` is False where the picture could not be opened.
    `likeness` is the fingerprint of what it shows, see :mod:`services.attachments.likeness`.
    """

    readable: bool
    width: int | None = None
    height: int | None = None
    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    likeness: bytes | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """A public copy: a JPEG of pixels and nothing else."""

    content: bytes
    width: int
    height: int


def is_picture(media_type: str) -> bool:
    """Tell whether files of this kind are opened here."""
    return media_type.startswith("image/")


async def examined(file: BinaryIO, most_pixels: int, *, keep_unreadable: bool = False) -> Facts:
    """Open a picture wholly and return what it says of itself.

    Raises TooLarge ``attachment.picture_too_large`` past `most_pixels`, Invalid ``attachment.not_readable`` where it is broken or cut
    short. With `keep_unreadable` such a one is not refused but comes back as not readable.
    """
    try:
        return await _in_thread(lambda: _examine(file, most_pixels))
    except (TooLarge, Invalid):
        if keep_unreadable:
            return Facts(readable=False)
        raise


async def copied(content: bytes, most_pixels: int) -> Copy:
    """Return the public copy of a picture: upright, at most :data:`COPY_SIDE` on a side. Raises what :func:`examined` raises."""
    return await _in_thread(lambda: _copy(BytesIO(content), most_pixels))


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


def _examine(file: BinaryIO, most_pixels: int) -> Facts:
    with _opened(file, most_pixels) as picture:
        width, height = picture.size
        picture.draft(None, (_CHECKED_SIDE, _CHECKED_SIDE))
        _decode(picture)
        taken_at, position, shown = _taken_at(picture), _position(picture), likeness(picture)
    latitude, longitude = position or (None, None)
    return Facts(True, width, height, taken_at, latitude, longitude, shown)


def _opened(file: BinaryIO, most_pixels: int) -> Image.Image:
    """Read the header of a picture, and no more of it than that."""
    file.seek(0)
    try:
        picture = Image.open(file, formats=_FORMATS)
    except Exception:  # noqa: BLE001  readers of broken files raise whatever they stumble over
        raise _not_readable() from None
    if picture.width * picture.height > most_pixels:
        raise TooLarge(
            "attachment.picture_too_large",
            f"The picture has more than {most_pixels // 1_000_000} million pixels; take it smaller, or send it scaled down.",
            extra={"most_pixels": most_pixels},
        )
    return picture


def _decode(picture: Image.Image) -> None:
    try:
        picture.load()
    except Exception:  # noqa: BLE001  see _opened
        raise _not_readable() from None


def _not_readable() -> Invalid:
    return Invalid("attachment.not_readable", "The picture is broken or cut short; take it again, or send it again from the phone.")


def _exif(picture: Image.Image, directory: int) -> dict[int, Any]:
    """Return the entries of one directory of the EXIF data; empty where there is none that can be read."""
    with suppress(Exception):  # a broken directory is no reason to refuse a picture that can be seen
        return dict(picture.getexif().get_ifd(directory))
    return {}


def _taken_at(picture: Image.Image) -> datetime | None:
    entries = _exif(picture, ExifTags.IFD.Exif)
    words, zone = entries.get(ExifTags.Base.DateTimeOriginal), entries.get(ExifTags.Base.OffsetTimeOriginal)
    with suppress(ValueError, OverflowError):
        taken = datetime.strptime(str(words).strip("\x00 "), _TIME).replace(tzinfo=SHANGHAI)
        if isinstance(zone, str) and zone.strip("\x00 "):
            with suppress(ValueError):
                taken = taken.replace(tzinfo=datetime.strptime(zone.strip("\x00 "), "%z").tzinfo)
        return taken.astimezone(UTC) if taken.year >= _EARLIEST else None
    return None


def _position(picture: Image.Image) -> tuple[float, float] | None:
    """Return latitude and longitude; None where they are missing, no numbers, out of range, or the nought of a camera without a fix."""
    entries = _exif(picture, ExifTags.IFD.GPSInfo)
    latitude = _degrees(entries.get(ExifTags.GPS.GPSLatitude), entries.get(ExifTags.GPS.GPSLatitudeRef), "N", "S")
    longitude = _degrees(entries.get(ExifTags.GPS.GPSLongitude), entries.get(ExifTags.GPS.GPSLongitudeRef), "E", "W")
    if latitude is None or longitude is None or (latitude, longitude) == (0.0, 0.0):
        return None
    if abs(latitude) > _POLE or abs(longitude) > _DATE_LINE:
        return None
    return latitude, longitude


def _degrees(parts: Any, reference: Any, plus: str, minus: str) -> float | None:
    side = str(reference).strip("\x00 ").upper()
    if side not in (plus, minus):
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    found = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(found):
        return None
    return round(found if side == plus else -found, 7)


def _copy(file: BinaryIO, most_pixels: int) -> Copy:
    with _opened(file, most_pixels) as picture:
        picture.draft(None, (COPY_SIDE, COPY_SIDE))
        _decode(picture)
        try:
            picture.thumbnail((COPY_SIDE, COPY_SIDE))
            ImageOps.exif_transpose(picture, in_place=True)
            painted = _painted(picture)
        except Exception:  # noqa: BLE001  see _opened
            raise _not_readable() from None
    out = BytesIO()
    painted.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return Copy(out.getvalue(), painted.width, painted.height)


def _painted(picture: Image.Image) -> Image.Image:
    """Return a fresh picture with the same colours on white: it never had anything but pixels."""
    shown = _in_common_colours(picture)
    clean = Image.new("RGB", shown.size, "white")
    if shown.mode in ("RGBA", "LA", "PA") or "transparency" in shown.info:
        shown = shown.convert("RGBA")
        clean.paste(shown, mask=shown.getchannel("A"))
    else:
        clean.paste(shown.convert("RGB"))
    return clean


def _in_common_colours(picture: Image.Image) -> Image.Image:
    """Return the picture in sRGB where a profile says that its colours are others, since the copy carries no profile."""
    profile = picture.info.get("icc_profile")
    if picture.mode == "RGB" and profile:
        with suppress(Exception):  # a broken profile: the colours are a little off, nothing worse
            converted = ImageCms.profileToProfile(picture, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB"))
            if converted is not None:
                return converted
    return picture
