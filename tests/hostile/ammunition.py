"""What is fired: bodies, texts, values, addresses, headers and forms that wish us ill."""

import gzip

from tests.hostile.barrage import CANARY

MARK = CANARY.encode()
DEEP = 10_000

NO_JSON = {
    "not JSON": b"hello " + MARK,
    "cut off": b'{"words":"' + MARK,
    "NaN": b'{"a":NaN,"b":"' + MARK + b'"}',
    "Infinity": b'{"a":-Infinity}',
    "1e400": b'{"a":1e400}',
    "lone surrogate": b'{"words":"\\ud800"}',
    "lone surrogate as a key": b'{"\\udfff":1}',
    "raw NUL": b'{"words":"a\x00b"}',
    "escaped NUL": b'{"words":"a\\u0000b"}',
    "NUL in a key": b'{"a\\u0000":1}',
    "invalid UTF-8": b'{"words":"\xff\xfe"}',
    "overlong UTF-8": b'{"words":"\xc0\xaf"}',
    "surrogates in UTF-8": b'{"words":"\xed\xa0\x80"}',
    "UTF-16 with BOM": '{"words":"水"}'.encode("utf-16"),
    "UTF-32": '{"words":"水"}'.encode("utf-32"),
    "UTF-8 with BOM": b'\xef\xbb\xbf{"words":"a"}',
    "GBK": '{"words":"水渠"}'.encode("gbk"),
    "lists nested too deep": b"[" * DEEP + b"]" * DEEP,
    "objects nested too deep": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "nested and never closed": b"[" * 200_000,
    "a huge integer": b'{"a":' + b"9" * 5000 + b"}",
    "gzip": gzip.compress(b'{"words":"a"}'),
    "empty": b"",
    "blanks": b" \r\n\t ",
    "a list": b"[]",
    "a list of many": b"[" + b"{}," * 5000 + b"{}]",
    "a text": b'"' + MARK + b'"',
    "a number": b"5",
    "null": b"null",
    "true": b"true",
    "two values": b"{}{}",
    "a comment": b"/* x */{}",
    "a form": b"words=a&contact=b",
}
KINDS = {
    "no content type": None,
    "text": "text/plain",
    "a form": "application/x-www-form-urlencoded",
    "multipart without a boundary": "multipart/form-data",
    "multipart": "multipart/form-data; boundary=x",
    "XML": "application/xml",
    "GBK": "application/json; charset=gbk",
    "no charset there is": "application/json; charset=" + "x" * 3000,
    "a continued charset": "application/json; charset*" + "9" * 5000 + "=x",
    "an encoded charset": "application/json; charset*=utf-7''x",
    "rubbish": ';;;=\\"',
}
TEXTS = {
    "SQL": "'; DROP TABLE tickets; --",
    "SQL in a LIKE": "%_\\%' OR 1=1 --",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "a template": "{{7*7}} ${jndi:ldap://x/y} #{1} %s %n {0} {words}",
    "right to left": "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u061c",
    "emoji": "👨‍👩‍👧‍👦🏳️‍🌈🇨🇳" * 20,
    "combining": "e" + "\u0301" * 150,
    "outside the plane": "𠮷𡃁𪚥" * 30,
    "controls": "\u0001\u0008\u001b[31m\r\n\u2028\u2029\u0085\ufeff",
    "noncharacters": "\uffff\ufffe\U0010ffff",
    "a formula": "=cmd|' /C calc'!A0",
    "a path": "../../../../etc/passwd",
    "an address": "http://169.254.169.254/latest/meta-data/",
    "XML": '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
    "blank": " \u3000\u00a0",
    "empty": "",
    "4,000 characters": "水" * 4000,
    "4,001 characters": "水" * 4001,
    "100,000 characters": "x" * 100_000,
}
SOME_TEXTS = ("SQL", "a template", "controls", "outside the plane", "4,001 characters")
OTHER_HEADERS = (
    "Accept", "Accept-Encoding", "Accept-Language", "Cookie", "If-Modified-Since", "If-None-Match", "Range", "traceparent", "tracestate",
    "X-Forwarded-For", "X-Tracking-Code",
)  # fmt: skip
REFUSED_TEXTS = ("4,001 characters", "100,000 characters", "blank", "empty")
INSTANTS = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59+14:00", "9999-12-31T23:59:59-14:00", "0000-00-00T00:00:00Z",
    "2026-06-30T23:59:60Z", "2026-02-30T00:00:00Z", "2026-11-22T10:00:00", "2026-11-22", "-1", "1e999", "253402300800",
    "99999999999999999999",
    "2026-11-22T10:00:00+99:99", "P1D", "now",
)  # fmt: skip
VALUES = (5, 2**63, -(2**63), 1e308, None, [], {"$ne": 1}, ["x"] * 1000, CANARY)
QUERIES = (
    "", "-1", "0", "201", "9" * 30, "9" * 5000, "1.5", "1e400", "NaN", "true", "null", "%ff", "%ED%A0%80", "%C0%AF", "%27%20OR%201%3D1--",
    "%25%5F", "[]", "{}", "a" * 5000, "%E6%B0%B4", "%F0%9F%91%A8%E2%80%8D", "..%2F..%2Fetc", "%0d%0aSet-Cookie:x", CANARY + "%00",
    "x%0a", "441624%0a", "4416" + "%E2%80%AE",
)  # fmt: skip
SEGMENTS = (
    "a" * 20_000, "../../etc/passwd", "' OR 1=1 --", "<script>", "{number}", "水口村", "\u202e", "👨‍👩‍👧", "a\r\nb", "%", "%2500", "-1",
    "9" * 5000, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "20261122-000001-0", ".", "a b",
    ";a=b", "𝟐𝟎",
    CANARY,
)  # fmt: skip
TAGS = (
    "",
    "x",
    '"',
    '"x"',
    '"-1"',
    '"1',
    '"1", "2"',
    'W/"1"',
    '"99999999999999999999"',
    '"' + "1" * 5000 + '"',
    "\xff",
    '"1"\t"',
    "**",
    "'1'",
)
KEYS = ("", " ", '"', '""', "a b", '"a"b"', "\xe6\xb0\xb4", "k" * 129, "k" * 5000, '"' + "k" * 129 + '"', "a\tb", '"\\"', '"\\x"')
TOKENS = (
    "", "x", "Bearer", "Bearer ", "Basic eDp4", "Bearer x.y.z", "Bearer " + "a" * 5000, "Bearer " + "." * 300, "Bearer \xff\xfe",
    "bearer null",
    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "Bearer a b c", "Digest " + "x=" * 500,
)  # fmt: skip


def _part(name: bytes, content: bytes, more: bytes = b"") -> bytes:
    return b"--x\r\nContent-Disposition: form-data; " + name + more + b"\r\n\r\n" + content + b"\r\n"


FILE = b'name="file"; filename="a.png"'
FORMS = {
    "no part": b"--x--\r\n",
    "nothing": b"",
    "no boundary in the body": b"rubbish " * 100,
    "cut off": _part(FILE, b"\x89PNG"),
    "a field and no file": _part(b'name="file"', b"text") + b"--x--\r\n",
    "an empty file": _part(FILE, b"") + b"--x--\r\n",
    "text": _part(FILE, b"<script>" + MARK) + b"--x--\r\n",
    "two files": (_part(FILE, b"a") * 2) + b"--x--\r\n",
    "many fields": (_part(b'name="a"', b"b") * 500) + b"--x--\r\n",
    "a path for a name": _part(b'name="file"; filename="../../../etc/passwd"', MARK) + b"--x--\r\n",
    "bytes for a name": _part(b'name="file"; filename="\xff\xfe\x00"', MARK) + b"--x--\r\n",
    "a name of 100 KB": _part(b'name="file"; filename="' + b"n" * 100_000 + b'"', MARK) + b"--x--\r\n",
    "a charset there is not": _part(FILE, MARK, b"\r\nContent-Type: text/plain; charset=nowhere") + b"--x--\r\n",
    "a charset field": _part(b'name="_charset_"', b"utf-7") + _part(FILE, MARK) + b"--x--\r\n",
    "no disposition": b"--x\r\nX: y\r\n\r\na\r\n--x--\r\n",
    "many headers in a part": b"--x\r\n" + b"X: y\r\n" * 20_000 + b"\r\na\r\n--x--\r\n",
}
FORM_KINDS = (
    "multipart/form-data; boundary=x", "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary*9=x",
    "multipart/form-data; charset=nowhere; boundary=x", 'multipart/form-data; boundary="' + "x" * 5000 + '"', "image/png", "", "x",
)  # fmt: skip


XML = {
    **NO_JSON,
    "a bomb": b'<!DOCTYPE x [<!ENTITY a "' + MARK + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">]><xml><Content>&b;</Content></xml>',
    "another file": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Content>&a;</Content></xml>',
    "deep": b"<xml>" + b"<a>" * 30_000 + b"</a>" * 30_000 + b"</xml>",
    "many attributes": b"<xml " + b" ".join(b'a%d="b"' % number for number in range(15_000)) + b"/>",
    "a surrogate": b"<xml><Content>&#xD800;</Content></xml>",
    "a NUL": b"<xml><Content>&#0;</Content></xml>",
    "an encoding there is not": b'<?xml version="1.0" encoding="nowhere"?><xml/>',
    "UTF-7": b'<?xml version="1.0" encoding="utf-7"?><xml>+ADw-</xml>',
    "UTF-16": "<xml><MsgType>text</MsgType></xml>".encode("utf-16"),
    "no sender": b"<xml><ToUserName>gh</ToUserName><MsgType>text</MsgType><MsgId>1</MsgId><Content>a</Content></xml>",
}
