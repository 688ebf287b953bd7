"""Templates of WeChat messages: read strictly, filled with values that fit."""

import json
from pathlib import Path

import pytest

from services.notifications.wechat_templates import filled, fit, link, read_templates
from services.platform.errors import Problem

GIVEN = {
    "answered": {
        "template": {
            "template_id": "T1",
            "url": "https://example.org/t/{number}",
            "fields": {"character_string1": "number", "thing2": "words", "phrase3": "status", "time4": "time", "thing5": "=580热线"},
        },
        "subscription": {"template_id": "S1", "fields": {"thing1": "words"}, "long_term": True},
    }
}


def test_the_setting_is_json_or_a_file_of_it(tmp_path: Path) -> None:
    file = tmp_path / "templates.json"
    file.write_text(json.dumps(GIVEN, ensure_ascii=False), encoding="utf-8")
    assert read_templates("") == read_templates("  ") == {}
    for given in (json.dumps(GIVEN), str(file)):
        forms = read_templates(given)["answered"]
        assert forms.template is not None
        assert forms.template.template_id == "T1"
        assert forms.subscription is not None
        assert forms.subscription.long_term


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("/no/such/file.json", "cannot be read"),
        ("{not json", "not JSON"),
        ('{"anwsered": {}}', "wrong at anwsered"),
        ('{"answered": {"template": {"template_id": "", "fields": {}}}}', "template_id"),
        ('{"answered": {"template": {"template_id": "T", "fields": {"thing1": "phone"}}}}', "must be one of number"),
        ('{"answered": {"template": {"template_id": "T", "fields": {"Thing 1": "number"}}}}', "pattern"),
        ('{"answered": {"template": {"template_id": "T", "fields": {}, "link": "x"}}}', "link"),
    ],
)
def test_a_setting_that_is_wrong_says_where(given: str, says: str) -> None:
    with pytest.raises(Problem, match=says):
        read_templates(given)


@pytest.mark.parametrize(
    ("key", "value", "fitted"),
    [
        ("thing2", "一" * 20, "一" * 20),
        ("thing2", "一" * 21, "一" * 19 + "…"),
        ("thing12", "两行\n和  空格", "两行 和 空格"),
        ("character_string1", "20261122-000017-3", "20261122-000017-3"),
        ("character_string1", "1" * 40, "1" * 32),
        ("number3", "20261122-17", "2026112217"),
        ("phrase3", "不予受理完毕了", "不予受理完"),
        ("name1", "阳明镇人民政府办公室承办", "阳明镇人民政府办公室"),
        ("phone_number5", "0762-560 0000", "0762-5600000"),
        ("phone_number5", "1" * 30, "1" * 17),
        ("time4", "2026年11月22日 16:00", "2026年11月22日 16:00"),
        ("keyword1", "一" * 300, "一" * 200),
        ("thing2", "", "无"),
        ("letter1", "编号", "无"),
    ],
)
def test_a_value_is_cut_to_what_its_field_takes(key: str, value: str, fitted: str) -> None:
    assert fit(key, value) == fitted


def test_a_message_shows_facts_and_words_of_its_own() -> None:
    form = read_templates(json.dumps(GIVEN))["answered"].template
    assert form is not None
    data = filled(form, {"number": "20261122-000017-3", "words": "已修好" * 20, "status": "已反馈"})
    assert data == {
        "character_string1": {"value": "20261122-000017-3"},
        "thing2": {"value": ("已修好" * 20)[:19] + "…"},
        "phrase3": {"value": "已反馈"},
        "time4": {"value": "无"},
        "thing5": {"value": "580热线"},
    }
    assert link(form.url, "20261122-000017-3") == "https://example.org/t/20261122-000017-3"
