"""Files of each kind that is taken, real where they are opened, and of some that are not."""

import io
import random

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()


def picture(kind: str = "JPEG", size: tuple[int, int] = (12, 8), *, seed: int = 580, mode: str = "RGB", **options: object) -> bytes:
    """Return a picture with something in every pixel, so that no two are alike."""
    noise = random.Random(seed).randbytes(size[0] * size[1] * len(Image.new(mode, (1, 1)).getbands()))
    out = io.BytesIO()
    Image.frombytes(mode, size, noise).save(out, kind, **options)
    return out.getvalue()


JPEG = picture()
TAKEN = {
    "image/jpeg": JPEG,
    "image/png": picture("PNG"),
    "image/webp": picture("WEBP"),
    "image/heic": picture("HEIF", (64, 64)),
    "video/mp4": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00" * 40,
    "audio/mpeg": b"ID3\x03\x00\x00\x00\x00\x00\x0a" + b"\x00" * 40,
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 40,
    "audio/amr": b"#!AMR\n" + b"\x00" * 40,
    "audio/ogg": b"OggS\x00\x02" + b"\x00" * 20 + b"\x01\x50" + b"Speex   1.2rc1" + b"\x00" * 66,
    "application/pdf": b"%PDF-1.4\n1 0 obj\n%%EOF",
}
REFUSED = {
    "html": b"<html><script>alert(1)</script>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "exe": b"MZ\x90\x00" + b"\x00" * 60,
    "zip": b"PK\x03\x04" + b"\x00" * 30,
    "gif": b"GIF89a" + b"\x00" * 20,
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST" + b"\x00" * 40,
    "text": "只是文字".encode(),
    "script": b"#!/bin/sh\nrm -rf /",
    "one byte": b"\x00",
}
