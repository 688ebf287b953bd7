"""Copies of a picture are known again, other pictures are not, and what tells nothing is like nothing."""

import io
from functools import cache
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench.scenes import COPIES, Shot, jpeg, others, photo, stamped
from services.attachments.alike import fill_likenesses
from services.attachments.likeness import BITS, MOST_APART, VERSION, alike, bands, distance, likeness
from services.attachments.pictures import examined
from services.attachments.store import store
from services.platform.database import WORKER
from tests.attachments.test_attachments import upload
from tests.attachments.test_pictures import exif

PLACES = (3, 17, 58)
FINGERPRINTS = st.binary(min_size=BITS // 8, max_size=BITS // 8)


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


@cache
def original(seed: int) -> bytes:
    return jpeg(photo(Shot(seed)), 92)


def of(content: bytes) -> bytes:
    found = likeness(opened(content))
    assert found is not None
    return found


@pytest.mark.parametrize("way", [name for name in COPIES if "3 %" not in name])
def test_a_copy_is_known_again_and_can_be_found(way):
    for seed in PLACES:
        copy = of(COPIES[way](opened(original(seed))))
        assert distance(of(original(seed)), copy) <= MOST_APART, seed
        assert set(bands(of(original(seed)))) & set(bands(copy)), seed


def test_another_photo_of_the_same_place_is_another_picture():
    seed = PLACES[1]
    for way, shot in others(seed).items():
        if "tripod" not in way:
            assert alike(of(original(seed)), of(jpeg(photo(shot)))) is None, way


def test_other_places_are_other_pictures():
    for seed in PLACES:
        assert [other for other in PLACES if alike(of(original(seed)), of(original(other))) is not None] == [seed]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_the_same_however_the_camera_was_held(orientation):
    upright = opened(original(3))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(back[orientation]))
    turned = of(jpeg(stored, 90, exif=exif(orientation=orientation)))
    assert distance(of(original(3)), turned) <= 8
    if orientation != 1:
        assert alike(of(original(3)), of(jpeg(stored, 90))) is None


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (800, 600), "black"),
        Image.new("RGB", (800, 600), "white"),
        Image.new("L", (800, 600), 128),
        Image.linear_gradient("L").resize((800, 600)),
        Image.effect_noise((800, 600), 12),
        Image.new("RGBA", (800, 600), (200, 30, 30, 0)),
        Image.effect_noise((31, 400), 100),
    ],
    ids=["black", "white", "grey", "a gradient", "noise of a dark night", "clear", "tiny"],
)
def test_what_tells_nothing_has_no_fingerprint(picture):
    assert likeness(picture) is None
    assert likeness(opened(jpeg(picture.convert("RGB"), 40))) is None


def test_what_has_no_fingerprint_is_like_nothing():
    assert alike(None, None) is None
    assert alike(of(original(3)), None) is None
    assert alike(of(original(3)), of(original(3))) == 0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I", "F"])
def test_every_way_of_writing_colours_is_read(mode):
    found = likeness(opened(original(17)).convert(mode))
    if mode not in ("I", "F"):
        assert found is not None
        assert distance(of(original(17)), found) <= MOST_APART


@given(FINGERPRINTS, st.sets(st.integers(0, BITS - 1), max_size=15))
def test_fingerprints_fifteen_bits_apart_always_meet(fingerprint, turned):
    other = int.from_bytes(fingerprint, "big")
    for bit in turned:
        other ^= 1 << bit
    near = other.to_bytes(BITS // 8, "big")
    assert distance(fingerprint, near) == distance(near, fingerprint) == len(turned)
    assert set(bands(fingerprint)) & set(bands(near))


@given(FINGERPRINTS)
def test_bands_say_which_they_are_and_fit_a_column(fingerprint):
    found = bands(fingerprint)
    assert [band >> 16 for band in found] == list(range(31))
    assert max(found) < 2**31
    kept = "".join(f"{band & 0xFFFF:016b}" for band in found[::2])
    assert int(kept, 2).to_bytes(BITS // 8, "big") == fingerprint


async def test_a_fingerprint_is_kept_with_what_the_picture_says_of_itself(desk):
    for content, has in ((original(3), True), (jpeg(Image.new("RGB", (400, 300))), False)):
        view = (await upload(desk, content)).json()
        (row,) = await desk.database.fetch("SELECT * FROM picture_facts WHERE attachment_id = $1", view["id"])
        found = (await examined(io.BytesIO(content), 10**8)).likeness
        assert (row["likeness"], row["likeness_version"]) == (found, VERSION)
        assert (row["bands"] is not None) == has == (found is not None)
        assert row["bands"] == (bands(found) if found else None)


async def test_pictures_from_before_get_theirs_and_one_that_cannot_be_read_holds_up_nobody(desk, home):
    ids = [(await upload(desk, content)).json()["id"] for content in (original(3), jpeg(stamped(opened(original(3)))), original(17))]
    owner = desk.database.owner
    kept = {str(row["attachment_id"]): row["likeness"] for row in await owner.fetch("SELECT * FROM picture_facts")}
    await owner.execute("UPDATE picture_facts SET likeness = NULL, bands = NULL, likeness_version = 0")
    key = await owner.fetchval("SELECT store_key FROM attachments WHERE id = $1", ids[0])
    (home / "attachments" / key).rename(home / "away")
    broken = await owner.fetchval("SELECT store_key FROM attachments WHERE id = $1", ids[1])
    (home / "attachments" / broken).write_bytes(b"\xff\xd8 no picture any more")

    async with desk.database.as_role(WORKER):
        assert [str(found) for found in await fill_likenesses(store(), UUID(int=0), 10)] == sorted(ids)
        (home / "away").rename(home / "attachments" / key)
        assert [str(found) for found in await fill_likenesses(store(), UUID(int=0), 10)] == ids[:1]
        assert await fill_likenesses(store(), UUID(int=0), 10) == []
    now = {str(row["attachment_id"]): row["likeness"] for row in await owner.fetch("SELECT * FROM picture_facts")}
    assert now == {**kept, ids[1]: None}
