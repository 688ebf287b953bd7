"""Files by their first bytes, as each kind begins."""

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x00" * 64 + b"\xff\xd9"
TAKEN = {
    "image/jpeg": JPEG,
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00" + b"x" * 40,
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\x00" * 40,
    "image/heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 40,
    "video/mp4": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00" * 40,
    "audio/mpeg": b"ID3\x03\x00\x00\x00\x00\x00\x0a" + b"\x00" * 40,
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 40,
    "audio/amr": b"#!AMR\n" + b"\x00" * 40,
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
