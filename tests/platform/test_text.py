"""Words that many read hold nobody's number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError

from services.activities.commands import DeclareTotal
from services.assessment.commands import DecideScoreAppeal, MakeAppeal, WithdrawRun
from services.bulletins.commands import CorrectBulletin, PutWords
from services.exports.commands import SaveReport
from services.platform.text import hidden, hidden_in, numbers_of_people, of_nobody
from services.warnings.commands import AcknowledgeWarning

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
    (AcknowledgeWarning, "words", {}),
    (WithdrawRun, "words", {}),
    (MakeAppeal, "words", {}),
    (DecideScoreAppeal, "words", {"granted": False}),
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


@given(st.text(max_size=60), st.sampled_from(NUMBERS), st.text(max_size=60))
def test_what_is_shown_holds_no_number_and_all_other_words_and_is_shown_twice_alike(before, number, after):
    shown = hidden(f"{before} {number} {after}")
    assert numbers_of_people(shown) == []
    assert hidden(shown) == shown
    assert len(shown) <= len(f"{before} {number} {after}") + 4


def test_numbers_are_hidden_where_somebody_wrote_and_not_in_what_only_looks_alike():
    digest = "a13800000123b" * 4
    data = {"hash": digest, "unit": "441624108213001", "why": {"words": "找13800000123"}, "calls": [{"answer_words": "找13800000123"}]}
    shown = {"words": "找138****23"}
    assert hidden_in(data) == {"hash": digest, "unit": "441624108213001", "why": shown, "calls": [{"answer_words": "找138****23"}]}


WRITTEN = {"words", "place_words", "report", "decision", "closing", "review_words", "said", "outcome", "task"}
NOT_HIDDEN = {
    "AnswerGiven.words": "told to the complainant, behind their code",
    "Progress.status_words": "ours",
    "MyRequest.words": "told to the person, behind their code",
    "PersonRequestView.words": "told to the person, behind their code",
    "RepeatView.words": "what to say: made of our own words",
    "AppealView.words": "numbers are refused where it is written",
    "AppealView.decision": "numbers are refused where it is written",
    "SignView.words": "ours",
    "ActivityView.words": "numbers are refused where it is written",
    "Overlay.words": "the complainant's own, behind their code",
    "AuthoredOverlay.words": "hidden before it is compared (wordings.py)",
    "Difference.words": "hidden before it is compared (wordings.py)",
    "MyCopy.words": "the person's own copy",
    "OpinionOfMine.words": "the person's own copy",
    "NumberToCall.said": "in clear, for a purpose that the person sees",
    "CorrectionShown.words": "ours",
    "DrawView.words": "numbers are refused where it is written",
    **dict.fromkeys(("RecordRepeat.words", "TellMore.words", "_Told.words", "SimilarTo.words"), "what is written, not what is shown"),
    **dict.fromkeys(
        (
            "ActivityView.outcome",
            "CountedEntry.outcome",
            "PushView.outcome",
            "ReceiptView.outcome",
            "UpperOrderView.outcome",
            "NoticeOrderView.outcome",
            "HandbookVisit.outcome",
            "MatterVisitView.outcome",
            "VisitView.outcome",
            "EndingView.outcome",
            "HelpClosingView.outcome",
            "HelpItemDetail.outcome",
            "HelpItemView.outcome",
        ),
        "a code",
    ),
    "StrikingView.words": "the words that count, told without what they say",
}


def _views(parent=BaseModel):
    for one in parent.__subclasses__():
        yield from _views(one)
        if one.__module__.startswith("services.") and one.__module__.endswith("views"):
            yield one


def test_every_view_of_what_somebody_wrote_hides_numbers_or_says_why_not():
    """Whoever adds a view of words to a door finds themselves here: the doors import every view there is."""
    import reporting_api.app  # noqa: F401  both doors, with all their views

    bare = set()
    for view in _views():
        for name, field in view.model_fields.items():
            if name in WRITTEN and "str" in str(field.annotation) and not _hides(field):
                bare.add(f"{view.__name__}.{name}")
    assert bare <= set(NOT_HIDDEN)


def _hides(field):
    parts = [*field.metadata, *(part for one in getattr(field.annotation, "__args__", ()) for part in getattr(one, "__metadata__", ()))]
    return any(isinstance(part, AfterValidator) and part.func in (hidden, hidden_in) for part in parts)
