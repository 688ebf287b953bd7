"""Pictures: opened within limits, what they say of themselves kept for staff, and a public copy that says nothing but what one sees."""

import io
import struct
import zlib
from datetime import UTC, datetime, timedelta, timezone

import asyncpg
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from services.attachments import pictures
from services.attachments.pictures import Facts, copied, examined
from services.attachments.receiving import receive
from services.attachments.store import store
from services.platform.database import REPORTING
from services.platform.errors import Invalid, TooLarge
from tests.attachments.samples import JPEG, TAKEN, picture
from tests.attachments.test_attachments import upload
from tests.complaints.test_hotline import CALL

MOST = 50_000_000
PLACE = (24.4411972, 114.9385806)
CANARIES = (b"CANARY", b"Exif", b"http://ns.adobe.com", b"GPS", b"Makernote", b"ICC_PROFILE", b"tEXt", b"eXIf", b"2026:11:20")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><CANARY-xmp/></x:xmpmeta>'


def exif(*, orientation: int = 1, when: str | None = "2026:11:20 08:30:00", zone: str | None = None, place=PLACE) -> Image.Exif:
    """EXIF as a phone writes it, with a note of the maker and an owner's name."""
    made = Image.Exif()
    made[0x0112], made[0x010F], made[0x8298] = orientation, "CANARY-maker", "CANARY-owner"
    inside = made.get_ifd(0x8769)
    inside[0x927C] = b"CANARY-Makernote"
    if when:
        inside[0x9003] = when
    if zone:
        inside[0x9011] = zone
    if place:
        north, east = place
        gps = made.get_ifd(0x8825)
        gps[1], gps[2] = ("N" if north >= 0 else "S"), _sexagesimal(abs(north))
        gps[3], gps[4] = ("E" if east >= 0 else "W"), _sexagesimal(abs(east))
    return made


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    return float(whole), float(minutes), round((degrees - whole - minutes / 60) * 3600, 6)


def telling() -> dict[str, bytes]:
    """Pictures of each kind that say all they can of who took them, where and when."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "CANARY-author")
    text.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
    jpeg = picture("JPEG", (400, 300), exif=exif(), icc_profile=profile, comment=b"CANARY-comment", xmp=XMP)
    return {
        "image/jpeg": jpeg + b"CANARY-behind the end" + JPEG,
        "image/png": picture("PNG", (400, 300), exif=exif(), icc_profile=profile, pnginfo=text) + b"CANARY-behind the end",
        "image/webp": picture("WEBP", (400, 300), exif=exif(), icc_profile=profile, xmp=XMP),
        "image/heic": picture("HEIF", (400, 300), exif=exif().tobytes(), xmp=XMP),
    }


def segments(jpeg: bytes) -> list[int]:
    """The markers of a JPEG up to its picture data; the data must end with the file."""
    assert jpeg[:2] == b"\xff\xd8"
    assert jpeg[-2:] == b"\xff\xd9"
    found, at = [], 2
    while True:
        marker, size = struct.unpack(">xBH", jpeg[at : at + 4])
        found.append(marker)
        at += 2 + size
        if marker == 0xDA:
            break
    assert jpeg.find(b"\xff\xd9", at) == len(jpeg) - 2
    return found


def declared(width: int, height: int) -> bytes:
    """A small PNG that says it is huge, with data for a few lines of it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(200_000))) + chunk(b"IEND", b"")


@pytest.fixture
def decodes_nothing(monkeypatch):
    """From here on, whatever decodes a picture fails the test."""

    def decode(_picture):
        raise AssertionError("decoded")

    monkeypatch.setattr(pictures, "_decode", decode)


# -- what they say of themselves --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/webp", "image/heic"])
async def test_time_and_place_are_read_of_every_kind(kind):
    found = await examined(io.BytesIO(telling()[kind]), MOST)
    assert (found.readable, found.width, found.height) == (True, 400, 300)
    assert found.taken_at == datetime(2026, 11, 20, 0, 30, tzinfo=UTC)  # half past eight in Shanghai
    assert (found.latitude, found.longitude) == pytest.approx(PLACE, abs=1e-6)


@pytest.mark.parametrize(
    ("made", "taken_at", "place"),
    [
        (exif(zone="+09:00"), datetime(2026, 11, 20, 8, 30, tzinfo=timezone(timedelta(hours=9))), PLACE),
        (exif(zone="nonsense", place=(-33.5, -70.25)), datetime(2026, 11, 20, 0, 30, tzinfo=UTC), (-33.5, -70.25)),
        (exif(when="0000:00:00 00:00:00", place=None), None, None),
        (exif(when="not a time", place=(0.0, 0.0)), None, None),
        (exif(when="1970:01:01 00:00:00", place=(91.0, 10.0)), None, None),
        (exif(when=None, place=(45.0, 181.0)), None, None),
    ],
)
async def test_what_cannot_be_right_is_not_kept(made, taken_at, place):
    found = await examined(io.BytesIO(picture(exif=made)), MOST)
    assert found.taken_at == taken_at
    assert (found.latitude, found.longitude) == (place or (None, None))


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's opinion of it
async def test_broken_exif_is_no_reason_to_refuse_what_can_be_seen():
    whole = picture(exif=exif())
    for cut in range(12, 120, 7):
        at = whole.index(b"Exif") + cut
        broken = whole[:at] + b"\xff\xfe\xfd\x00" + whole[at + 4 :]
        assert (await examined(io.BytesIO(broken), MOST)).readable


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("decodes_nothing")
@pytest.mark.parametrize("size", [(60_000, 60_000), (50_000_001, 1), (7072, 7071)])
async def test_a_picture_too_large_is_refused_by_its_header(size):
    with pytest.raises(TooLarge) as refused:
        await examined(io.BytesIO(declared(*size)), MOST)
    assert refused.value.code == "attachment.picture_too_large"


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/webp", "image/heic"])
async def test_a_picture_that_is_cut_short_or_broken_is_refused_and_nothing_is_kept(desk, home, kind):
    whole = picture({"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heic": "HEIF"}[kind], (300, 300))
    for broken in (whole[: len(whole) // 2], whole[:200], whole[: len(whole) // 3] + bytes(len(whole) // 3)):
        reply = await upload(desk, broken)
        assert (reply.status_code, reply.json()["code"]) == (422, "attachment.not_readable")
    assert await desk.count("attachments") == 0
    assert not [path for path in (home / "attachments").rglob("*") if path.is_file()]


async def test_a_bomb_is_refused_at_the_door(desk):
    reply = await upload(desk, declared(60_000, 60_000))
    assert (reply.status_code, reply.json()["code"]) == (413, "attachment.picture_too_large")


async def test_what_nobody_can_send_again_is_kept_and_marked(desk):
    async def pieces(content: bytes):
        yield content

    for broken in (JPEG[:-30], declared(60_000, 60_000)):
        received = await receive(pieces(broken), store(), 10**6, keep_unreadable=True)
        assert received.picture == Facts(readable=False)
    with pytest.raises(Invalid):
        await receive(pieces(JPEG[:-30]), store(), 10**6)


# -- public copies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/webp", "image/heic"])
async def test_nothing_but_pixels_is_left_in_a_copy(kind):
    original = telling()[kind]
    assert sum(canary in original for canary in CANARIES) >= 2, "the original must have something to strip"
    copy = await copied(original, MOST)
    assert [canary for canary in CANARIES if canary in copy.content] == []
    markers = segments(copy.content)
    assert [marker for marker in markers if 0xE1 <= marker <= 0xEF or marker == 0xFE] == []
    with Image.open(io.BytesIO(copy.content)) as opened:
        opened.load()
        assert (opened.format, opened.size, dict(opened.getexif())) == ("JPEG", (400, 300), {})
        assert set(opened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_copy_stands_upright(orientation):
    """A picture with a red corner, stored turned as each orientation says, has it top left in the copy."""
    upright = Image.new("RGB", (40, 24), "white")
    upright.paste("red", (0, 0, 16, 8))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # how to store it: FLIP_LEFT_RIGHT, ROTATE_180, FLIP_TOP_BOTTOM, …
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(back[orientation]))
    out = io.BytesIO()
    stored.save(out, "JPEG", quality=95, exif=exif(orientation=orientation))
    copy = await copied(out.getvalue(), MOST)
    with Image.open(io.BytesIO(copy.content)) as opened:
        assert opened.size == (40, 24)
        red, white = opened.getpixel((4, 3)), opened.getpixel((36, 20))
    assert red[0] > 200, orientation
    assert max(red[1:]) < 90, orientation
    assert min(white) > 200


async def test_a_copy_is_no_larger_than_a_screen_and_white_where_nothing_is():
    large = await copied(picture("JPEG", (5000, 1000)), MOST)
    assert (large.width, large.height) == (2048, 410)
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(out, "PNG")
    clear = await copied(out.getvalue(), MOST)
    with Image.open(io.BytesIO(clear.content)) as opened:
        assert min(opened.getpixel((10, 10))) > 250


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB", "1"])
async def test_every_way_of_writing_colours_becomes_a_copy(mode):
    kind = "PNG" if mode == "1" else "JPEG"
    out = io.BytesIO()
    Image.new(mode, (30, 20)).save(out, kind)
    assert (await copied(out.getvalue(), MOST)).content[:2] == b"\xff\xd8"


async def test_a_copy_is_made_once_and_given_as_a_file(desk, home):
    view = (await upload(desk, telling()["image/heic"])).json()
    headers = desk.county.signed_in("operator")
    address = f"/v1/attachments/{view['id']}/public"
    first, again = await desk.http.get(address, headers=headers), await desk.http.get(address, headers=headers)
    assert first.status_code == 200
    assert first.headers["content-type"] == "image/jpeg"
    assert first.content == again.content
    assert await desk.count("public_copies") == 1
    assert (await desk.http.get(address, headers=headers | {"Range": "bytes=0-1"})).content == b"\xff\xd8"
    assert (await desk.http.get(address, headers=desk.county.signed_in("secretary"))).status_code == 404
    assert len([path for path in (home / "attachments").rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize("kind", ["application/pdf", "audio/amr", "video/mp4"])
async def test_what_is_no_picture_has_no_copy_and_says_nothing_of_itself(desk, kind):
    view = (await upload(desk, TAKEN[kind])).json()
    headers = desk.county.signed_in("operator")
    copy = await desk.http.get(f"/v1/attachments/{view['id']}/public", headers=headers)
    facts = await desk.http.get(f"/v1/attachments/{view['id']}/facts", headers=headers)
    assert (copy.status_code, copy.json()["code"]) == (404, "attachment.no_public_copy")
    assert (facts.status_code, facts.json()["code"]) == (404, "attachment.no_picture")


# -- who may know -----------------------------------------------------------------------------------------------------


async def test_time_and_place_are_told_to_whoever_may_see_the_ticket(desk):
    view = (await upload(desk, telling()["image/jpeg"])).json()
    address = f"/v1/attachments/{view['id']}/facts"
    assert (await desk.http.get(address)).status_code == 401
    assert (await desk.http.get(address, headers=desk.county.signed_in("secretary"))).status_code == 404
    await desk.hotline(CALL | {"attachment_ids": [view["id"]]})
    told = (await desk.http.get(address, headers=desk.county.signed_in("secretary"))).json()
    assert (told["latitude"], told["longitude"]) == pytest.approx(PLACE, abs=1e-6)
    assert (told["taken_at"], told["width"]) == ("2026-11-20T00:30:00Z", 400)


async def test_reports_know_no_places_of_pictures(desk):
    await upload(desk, telling()["image/jpeg"])
    async with desk.database.as_role(REPORTING) as reporting, reporting.raw() as connection:
        for table in ("picture_facts", "uploads", "upload_parts", "public_copies"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT * FROM {table}")


async def test_of_what_came_in_confidence_the_unit_sees_the_copy_alone(desk):
    content = telling()["image/jpeg"]
    photo, voice = (await upload(desk, content)).json()["id"], (await upload(desk, TAKEN["audio/amr"])).json()["id"]
    filed = await desk.hotline(CALL | {"attachment_ids": [photo, voice], "confidential": True})
    assert filed.status_code == 201

    async def seen(login: str, file: str, of: str = ""):
        return await desk.http.get(f"/v1/attachments/{file}{of}", headers=desk.county.signed_in(login))

    for login in ("operator", "second", "supervisor"):
        assert (await seen(login, photo)).content == content
        assert (await seen(login, photo, "/facts")).status_code == 200
        assert (await seen(login, voice)).status_code == 200
    copy = await seen("secretary", photo)
    assert (copy.status_code, copy.headers["x-public-copy"]) == (200, "1")
    assert copy.content == (await seen("secretary", photo, "/public")).content != content
    assert not [canary for canary in CANARIES if canary in copy.content]
    for file, of in ((photo, "/facts"), (voice, "")):
        refused = await seen("secretary", file, of)
        assert (refused.status_code, refused.json()["code"]) == (403, "attachment.in_confidence")
    assert (await seen("grid", photo)).status_code == 404
