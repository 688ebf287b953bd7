"""Words that many read hold nobody's number."""

import pytest
from pydantic import TypeAdapter, ValidationError

from services.activities.commands import DeclareTotal
from services.assessment.commands import DecideAppeal, MakeAppeal, WithdrawRun
from services.bulletins.commands import CorrectBulletin, PutWords
from services.exports.commands import SaveReport
from services.platform.text import of_nobody
from services.warnings.commands import Acknowledge

NUMBERS = (
    "13877665544", "138 7766 5544", "138-7766-5544", "１３８７７６６５５４４", "+8613877665544", "86-13877665544", "电话13877665544转张三",
    "441624199001011236", "44162419850202345X", "４４１６２４１９８５０２０２３４５ｘ",
    "6222022012345678901", "6222 0220 1234 5678 901", "６２２２０２２０１２３４５６７８９０１", "卡号4111-1111-1111-1111",
)  # fmt: skip
HARMLESS = (
    "20261122-000123-6",
    "0762-5612345",
    "10850000元",
    "441624108213001",
    "12345",
    "1385544",
    "2026年10月1日至10月31日",
    "138776655441",
    "6222022012345678902",
    "91441624MA4W12345X",
)
TOTAL = {"unit": "441624", "figure": "visits", "first_day": "2013-06-01", "last_day": "2014-05-31", "amount": 1}
READ_BY_MANY = (
    (Acknowledge, "words", {}),
    (WithdrawRun, "words", {}),
    (MakeAppeal, "words", {}),
    (DecideAppeal, "words", {"granted": False}),
    (PutWords, "preface", {}),
    (CorrectBulletin, "reason", {}),
    (SaveReport, "name", {"source": "tickets"}),
    (DeclareTotal, "basis", {"declared_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d70", **TOTAL}),
)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_persons_number_is_seen_however_it_is_spelt(number):
    with pytest.raises(ValueError, match="mobile number"):
        of_nobody(f"请联系{number}。")


@pytest.mark.parametrize("words", HARMLESS)
def test_what_is_no_persons_number_is_left_alone(words):
    assert of_nobody(words) == words


@pytest.mark.parametrize(("command", "field", "more"), READ_BY_MANY)
def test_what_colleagues_write_for_many_holds_nobodys_number(command, field, more):
    reader = TypeAdapter(command)
    assert getattr(reader.validate_python({field: "已核实", **more}), field) == "已核实"
    with pytest.raises(ValidationError) as refused:
        reader.validate_python({field: "联系人13877665544", **more})
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]
