"""Pictures of places that never were: the same place from another step, in another light, mended or not. No two seeds show the same."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

WIDTH, HEIGHT = 1280, 960
_ROOM = 1.5
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Shot:
    """A place (`seed`) and how it was photographed: aside (parts of the width), nearer, turned (degrees), lighter; mended or not."""

    seed: int
    aside: float = 0.0
    up: float = 0.0
    nearer: float = 1.0
    turned: float = 0.0
    light: float = 1.0
    mended: bool = False


def photo(shot: Shot) -> Image.Image:
    """Return the picture: sky, hills, a road, houses, trees, litter, and what the complaint is about. The grain differs every time."""
    dice = Random(shot.seed)
    wide, high = int(WIDTH * _ROOM), int(HEIGHT * _ROOM)
    picture = Image.new("RGB", (wide, high))
    _painted(ImageDraw.Draw(picture), dice, wide, high, mended=shot.mended)
    if shot.turned:
        picture = picture.rotate(shot.turned, Image.Resampling.BICUBIC)
    half_wide, half_high = WIDTH / shot.nearer / 2, HEIGHT / shot.nearer / 2
    x, y = wide / 2 + shot.aside * WIDTH, high / 2 + shot.up * HEIGHT
    window = (x - half_wide, y - half_high, x + half_wide, y + half_high)
    picture = picture.transform((WIDTH, HEIGHT), Image.Transform.EXTENT, window, Image.Resampling.BICUBIC)
    picture = ImageEnhance.Brightness(picture).enhance(shot.light)
    return Image.blend(picture, Image.effect_noise((WIDTH, HEIGHT), 16).convert("RGB"), 0.08)


def _painted(pen: ImageDraw.ImageDraw, dice: Random, wide: int, high: int, *, mended: bool) -> None:
    horizon = dice.uniform(0.25, 0.6)
    _ground(pen, dice, wide, high, horizon)
    for _ in range(dice.randint(2, 6)):
        _house(pen, dice, wide, high, horizon)
    for _ in range(dice.randint(5, 25)):
        x, y, size = dice.uniform(0, wide), dice.uniform(horizon, 1) * high, dice.uniform(0.01, 0.07) * wide
        pen.ellipse((x - size, y - size * 1.3, x + size, y + size), fill=_colour(dice, 10, 140))
    x, y, size = dice.uniform(0.35, 0.65) * wide, dice.uniform(0.6, 0.75) * high, dice.uniform(0.05, 0.1) * wide
    puddle, pipe = _colour(dice, 140, 220), _colour(dice, 10, 80)
    if not mended:
        pen.ellipse((x - size, y - size * 0.4, x + size, y + size * 0.4), fill=puddle)
        pen.line((x - size, y - size, x + size * 0.6, y), fill=pipe, width=14)
    for _ in range(300):
        x, y, size = dice.uniform(0, wide), dice.uniform(horizon + 0.1, 1) * high, dice.uniform(2, 16)
        pen.ellipse((x - size, y - size / 2, x + size, y + size / 2), fill=_colour(dice, 40, 200))


def _ground(pen: ImageDraw.ImageDraw, dice: Random, wide: int, high: int, horizon: float) -> None:
    top, bottom = _colour(dice, 120, 250), _colour(dice, 120, 250)
    for y in range(high):
        pen.line((0, y, wide, y), fill=tuple(int(a + (b - a) * y / high) for a, b in zip(top, bottom, strict=True)))
    ridge = [(x, high * (horizon + dice.uniform(-0.12, 0.08))) for x in range(0, wide + 200, 200)]
    pen.polygon([(0, high), *ridge, (wide, high)], fill=_colour(dice, 30, 150))
    pen.rectangle((0, high * (horizon + 0.1), wide, high), fill=_colour(dice, 60, 180))
    far, begin = dice.uniform(0.2, 0.8) * wide, high * (horizon + 0.1)
    left, right = far - dice.uniform(100, 600), far + dice.uniform(100, 600)
    pen.polygon([(far - 20, begin), (far + 30, begin), (right, high), (left, high)], fill=_colour(dice, 90, 200))


def _house(pen: ImageDraw.ImageDraw, dice: Random, wide: int, high: int, horizon: float) -> None:
    w, h = dice.uniform(0.08, 0.25) * wide, dice.uniform(0.1, 0.3) * high
    x, y = dice.uniform(0, 0.85) * wide, (horizon + dice.uniform(-0.05, 0.3)) * high - h / 2
    pen.rectangle((x, y, x + w, y + h), fill=_colour(dice, 20, 235))
    pen.polygon([(x - 10, y), (x + w / 2, y - h * 0.3), (x + w + 10, y)], fill=_colour(dice, 60, 200))
    panes = _colour(dice, 10, 120)
    for place in range(dice.randint(1, 4)):
        pen.rectangle((x + w * (0.1 + 0.22 * place), y + h * 0.3, x + w * (0.22 + 0.22 * place), y + h * 0.6), fill=panes)


def _colour(dice: Random, low: int, high: int) -> Colour:
    return dice.randint(low, high), dice.randint(low, high), dice.randint(low, high)


def jpeg(picture: Image.Image, quality: int = 85, **options: object) -> bytes:
    """Return a picture as a camera or a messenger writes it."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def stamped(picture: Image.Image) -> Image.Image:
    """Return the picture with time, place and a name in a box over a tenth of it, as cadres' stamp cameras write them, and a mark above."""
    wide, high = picture.size
    found, font = picture.copy(), ImageFont.load_default(wide / 28)
    pen = ImageDraw.Draw(found, "RGBA")
    pen.rectangle((wide * 0.02, high * 0.74, wide * 0.45, high * 0.97), fill=(20, 60, 140, 150))
    for line, words in enumerate(["2026-11-22 10:30", "24.4412N 114.9386E", "Pengzhai Shuikou"]):
        pen.text((wide * 0.04, high * (0.76 + 0.065 * line)), words, fill="white", font=font)
    pen.text((wide * 0.75, high * 0.03), "WORK CAM", fill=(255, 255, 255, 200), font=font)
    return found


def scaled(picture: Image.Image, longest: int) -> Image.Image:
    """Return the picture as a messenger sends it on: its longest side so long."""
    small = picture.copy()
    small.thumbnail((longest, longest))
    return small


def cut(picture: Image.Image, part: float) -> Image.Image:
    """Return the picture without `part` of its width and height at each side."""
    x, y = int(picture.width * part), int(picture.height * part)
    return picture.crop((x, y, picture.width - x, picture.height - y))


COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "compressed again (JPEG 60)": lambda p: jpeg(p, 60),
    "compressed badly (JPEG 25)": lambda p: jpeg(p, 25),
    "half as large": lambda p: jpeg(scaled(p, WIDTH // 2), 80),
    "320 pixels wide": lambda p: jpeg(scaled(p, 320), 75),
    "brighter by 15 %": lambda p: jpeg(ImageEnhance.Brightness(p).enhance(1.15)),
    "darker by 20 %": lambda p: jpeg(ImageEnhance.Brightness(p).enhance(0.8)),
    "more contrast by 20 %": lambda p: jpeg(ImageEnhance.Contrast(p).enhance(1.2)),
    "grey": lambda p: jpeg(p.convert("L")),
    "blurred": lambda p: jpeg(p.filter(ImageFilter.GaussianBlur(2))),
    "cut by 1 % at each side": lambda p: jpeg(cut(p, 0.01)),
    "stamped": lambda p: jpeg(stamped(p)),
    "stamped, half as large, JPEG 60": lambda p: jpeg(stamped(scaled(p, WIDTH // 2)), 60),
    "cut by 3 % at each side": lambda p: jpeg(cut(p, 0.03)),
}
"""What is done to a picture before it is shown a second time."""


def others(seed: int) -> dict[str, Shot]:
    """Return other photos of the same place, taken after it was mended."""
    dice = Random(seed * 7 + 1)

    def side(much: float) -> float:
        return much * dice.choice((-1, 1))

    here = Shot(seed, mended=True)
    return {
        "from a tripod that was left standing": here,
        "2 % of the width aside": replace(here, aside=side(0.02), up=side(0.01)),
        "4 % aside, a little lighter": replace(here, aside=side(0.04), up=side(0.02), light=1.05),
        "8 % aside, a little darker": replace(here, aside=side(0.08), up=side(0.03), light=0.95),
        "15 % aside": replace(here, aside=side(0.15), up=side(0.05), nearer=1.05),
        "turned by 3°, 2 % aside": replace(here, turned=side(3), aside=side(0.02)),
        "a step nearer": replace(here, nearer=1.1, aside=side(0.02)),
    }
