"""What the OpenAPI document says of the Open311 addresses: each answer in both forms, and the forms that are sent."""

from typing import Any

from services.channels.open311.shapes import as_xml

Responses = dict[int | str, dict[str, Any]]

_NUMBER = "20261122-000123-6"
_AT = "2026-11-22T10:10:00+08:00"


def _content(root: str, value: Any, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "application/json": {"schema": schema, "example": value},
        "text/xml": {"schema": {"type": "string"}, "example": as_xml(root, value).decode()},
    }


def _list_of(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "required": list(required), "properties": properties}}


def _errors(status: int, description: str) -> dict[str, Any]:
    schema = _list_of(("code", "description"), code={"type": "integer"}, description=_TEXT)
    return {"description": description, "content": _content("errors", [{"code": status, "description": description}], schema)}


_TEXT = {"type": "string"}
_MAYBE = {"type": ["string", "null"]}
_DEGREES = {"type": ["number", "null"]}
_REFUSED: Responses = {
    400: _errors(400, "Something is missing or wrong; the description says what. A problem where the address is no text at all."),
    403: _errors(403, "api_key is missing or wrong."),
    404: _errors(404, "There is no such jurisdiction, service_code, request or token."),
    413: _errors(413, "The body is too large."),
    503: _errors(503, "The database cannot be reached; nothing was done, try again."),
}


_REFUSED[400]["content"]["application/problem+json"] = {"schema": {"$ref": "#/components/schemas/Problem"}}


def _answer(root: str, value: Any, schema: dict[str, Any], description: str) -> Responses:
    return {200: {"description": description, "content": _content(root, value, schema)}, **_REFUSED}


DISCOVERY = _answer(
    "discovery",
    {
        "changeset": _AT,
        "contact": "村民大管家热线 580",
        "key_service": "接口密钥由本系统管理员发放，请致电 580。",
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": "https://dgj.example.org/open311/v2",
                "changeset": _AT,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    },
    {"type": "object"},
    "Where the endpoint is.",
)
SERVICES = _answer(
    "services",
    [
        {
            "service_code": "water.pipe_burst",
            "service_name": "自来水管破裂",
            "description": "请提供地点。",
            "metadata": True,
            "type": "realtime",
            "keywords": "水管破裂, 爆管",
            "group": "水利供水",
        }
    ],
    _list_of(("service_code", "service_name", "metadata", "type"), service_code=_TEXT, service_name=_TEXT, metadata={"type": "boolean"}),
    "What can be requested.",
)
DEFINITION = _answer(
    "service_definition",
    {
        "service_code": "water.pipe_burst",
        "attributes": [
            {
                "variable": True,
                "code": "CONFIDENTIAL",
                "datatype": "singlevaluelist",
                "required": False,
                "datatype_description": None,
                "order": 1,
                "description": "是否要求对承办单位保密您的身份",
                "values": [{"key": "yes", "name": "是"}, {"key": "no", "name": "否"}],
            }
        ],
    },
    {"type": "object", "required": ["service_code", "attributes"]},
    "What the service asks for.",
)
_NOTICE = f"您反映的问题已受理。工单号：{_NUMBER}；查询码：K7M3QX5A（请勿告诉他人）。"
FILED = _answer(
    "service_requests",
    [{"service_request_id": _NUMBER, "service_notice": _NOTICE, "account_id": None}],
    _list_of(("service_request_id",), service_request_id=_TEXT, service_notice=_MAYBE, account_id=_MAYBE),
    "It was filed, or found where it was sent before.",
)
REQUESTS = _answer(
    "service_requests",
    [
        {
            "service_request_id": _NUMBER,
            "status": "open",
            "status_notes": "承办单位已签收，正在办理",
            "service_name": "自来水管破裂",
            "service_code": "water.pipe_burst",
            "description": None,
            "agency_responsible": "水口村",
            "service_notice": None,
            "requested_datetime": _AT,
            "updated_datetime": _AT,
            "expected_datetime": "2026-11-22T18:10:00+08:00",
            "address": "和平县彭寨镇水口村",
            "address_id": "441624108213",
            "zipcode": None,
            "lat": 24.443,
            "long": 114.935,
            "media_url": None,
        }
    ],
    _list_of(
        ("service_request_id", "status", "service_code", "requested_datetime"),
        service_request_id=_TEXT,
        status={"type": "string", "enum": ["open", "closed"]},
        service_code=_TEXT,
        requested_datetime={"type": "string", "format": "date-time"},
        description=_MAYBE,
        lat=_DEGREES,
        long=_DEGREES,
    ),
    "Requests.",
)
TOKEN = _answer(
    "service_requests",
    [{"service_request_id": _NUMBER, "token": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3f"}],
    _list_of(("service_request_id", "token"), service_request_id=_TEXT, token=_TEXT),
    "The request that the token stands for.",
)
UPDATES = _answer(
    "service_request_updates",
    [
        {
            "update_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d40",
            "service_request_id": _NUMBER,
            "status": "open",
            "updated_datetime": _AT,
            "description": "承办单位已签收，正在办理",
            "media_url": None,
            "external_status_code": "accepted",
        }
    ],
    _list_of(("update_id", "service_request_id", "status"), update_id=_TEXT, service_request_id=_TEXT, status=_TEXT),
    "What happened to the client's own requests.",
)
UPDATED = _answer(
    "service_request_updates",
    [{"update_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d41"}],
    _list_of(("update_id",), update_id=_TEXT),
    "It was taken.",
)


def _form(example: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": dict.fromkeys(example, _TEXT)}
    media = {"schema": schema, "example": example}
    return {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": media, "multipart/form-data": media}}}


REQUEST_FORM = _form(
    {
        "api_key": "(secret of the connection)",
        "service_code": "water.pipe_burst",
        "description": "礼士镇太平村的水管爆了，水漫到路上。",
        "lat": "24.4431",
        "long": "114.9352",
        "address_string": "太平村老水井旁",
        "address_id": "441624108213",
        "first_name": "三",
        "last_name": "张",
        "phone": "13800000123",
        "email": "zhang@example.org",
        "device_id": "5f0d",
        "account_id": "42",
        "media_url": "https://example.org/pipe.jpg",
        "attribute[CONFIDENTIAL]": "no",
    }
)
UPDATE_FORM = _form(
    {
        "api_key": "(secret of the connection)",
        "service_request_id": _NUMBER,
        "update_id": "248",
        "updated_datetime": "2026-11-22T02:10:00Z",
        "status": "OPEN",
        "description": "水还在漏。",
        "first_name": "三",
        "last_name": "张",
        "email": "zhang@example.org",
    }
)


def _asked(*names: str) -> dict[str, Any]:
    parameters = [{"name": name, "in": "query", "required": False, "schema": _TEXT, "description": _PARAMETERS[name]} for name in names]
    return {"parameters": parameters}


_PARAMETERS = {
    "jurisdiction_id": "Optional: there is one jurisdiction here.",
    "api_key": "Secret of an `open311` connection; with it, one's own requests are shown whole.",
    "service_request_id": "Several with commas between; overrides all the others.",
    "service_code": "Several with commas between.",
    "start_date": "W3C date and time with a zone.",
    "end_date": "At most 90 days after start_date.",
    "status": "`open`, `closed` or both with a comma between.",
    "page": "From 1.",
    "page_size": "1 to 1,000.",
    "extensions": "`true`: attributes, notes, and finer statuses.",
}
JURISDICTION = _asked("jurisdiction_id")
READ = _asked("jurisdiction_id", "api_key", "extensions")
LISTED = _asked(*_PARAMETERS)
PERIOD = _asked("jurisdiction_id", "api_key", "start_date", "end_date", "page", "page_size", "extensions")
