"""The two written forms against the specification's own samples, and the schemas against values they must refuse."""

import json

import pytest
from defusedxml.ElementTree import fromstring

from services.channels.open311.shapes import as_json, as_xml, error_written, written
from tests.channels.open311_client import tree
from tests.channels.open311_schemas import NAMES, VECTORS, faults

SAMPLES = VECTORS["samples"]
ROOTS = {"service_definition": "service_definition", "services": "services", "errors": "errors"}
SCHEMA_OF = {"services": "service", "service_definition": "service-definition", "requests": "request", "request": "request"}


def unordered(node):
    name, inside = node
    return name, sorted(map(unordered, inside), key=str) if isinstance(inside, list) else inside


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_written_as_the_specification_prints_it(name):
    sample = SAMPLES[name]
    value = sample["json_recommended"]
    body = as_xml(ROOTS.get(name, "service_requests"), value)
    assert body.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<')
    assert b"xmlns" not in body
    assert unordered(tree(body)) == unordered(tree(sample["xml"]))
    assert json.loads(as_json(value)) == value


@pytest.mark.parametrize("name", SCHEMA_OF)
def test_every_sample_fits_the_schemas(name):
    assert faults(SCHEMA_OF[name], SAMPLES[name]["json_recommended"]) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request", {"service_request_id": 1, "status": "open", "service_code": "a", "requested_datetime": "2026-11-22T02:10:00Z"}),
        ("request", {"service_request_id": "1", "status": "done", "service_code": "a", "requested_datetime": "2026-11-22T02:10:00Z"}),
        ("request", {"service_request_id": "1", "status": "open", "service_code": "a", "requested_datetime": "2026-11-22"}),
        ("request", {"service_request_id": "1", "status": "open", "service_code": "a"}),
        ("service", {"service_code": "a", "service_name": "b", "metadata": "true", "type": "realtime"}),
        (
            "service-definition",
            {"service_code": "a", "attributes": [{"variable": True, "code": "x", "datatype": "date", "required": True}]},
        ),
    ],
)
def test_the_schemas_refuse_what_is_wrong(name, value):
    assert name in NAMES
    assert faults(name, value)


def test_updates_are_written_as_fixmystreet_reads_them():
    xml = VECTORS["fixmystreet_updates"]["get_response_xml"]
    (update,) = fromstring(xml)
    value = [{child.tag: child.text for child in update}]
    assert tree(as_xml("service_request_updates", value)) == tree(xml)
    posted = VECTORS["fixmystreet_updates"]["post_response_xml"]
    assert tree(as_xml("service_request_updates", [{"update_id": "248"}])) == tree(posted)


def test_an_error_has_the_status_as_its_code_in_either_form():
    in_json, in_xml = (error_written(403, "api_key is required.", form) for form in ("json", "xml"))
    assert (in_json.status, in_json.media_type) == (403, "application/json; charset=utf-8")
    assert json.loads(in_json.body) == [{"code": 403, "description": "api_key is required."}]
    assert (in_xml.status, in_xml.media_type) == (403, "text/xml; charset=utf-8")
    assert tree(in_xml.body) == ("errors", [("error", [("code", "403"), ("description", "api_key is required.")])])


def test_whatever_a_villager_writes_comes_back_from_xml():
    words = "<水管> & \"漏\" ]]> 'x' 😀\r\n第二行\t末"
    assert fromstring(as_xml("service_requests", [{"description": words}]))[0][0].text == words
    odd = "\x01\x0b\x1f\ufffe\uffff末"
    assert fromstring(as_xml("service_requests", [{"description": odd}]))[0][0].text == "\ufffd" * 5 + "末"


def test_empty_lists_are_bare_in_json_and_an_empty_element_in_xml():
    assert written("service_requests", [], "json").body == b"[]"
    assert tree(written("service_requests", [], "xml").body) == ("service_requests", "")
