"""The printed handbook: what is shown is escaped, masked, and says what does not count any more. Pure."""

from services.visits.handbook_page import handbook_page
from services.visits.opinions_models import ANSWERED_BECAUSE, REWORDED_BECAUSE
from services.visits.opinions_views import HANDBOOK, OPINION, Handbook


def printed(**more):
    return handbook_page(Handbook.model_validate({**HANDBOOK, "opinions": [{**OPINION, **more}]}))


def test_words_are_escaped_and_numbers_of_people_hidden():
    wording = {**OPINION["wordings"][0], "words": "<script>alert(1)</script> 找13800000123"}
    page = printed(wordings=[wording])
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "13800000123" not in page
    assert "138****23" in page
    assert page.startswith("<!doctype html>")


def test_what_is_void_is_struck_through_and_what_ended_in_nothing_says_so():
    said = {**OPINION["confirmations"][0], "void": True}
    dropped = {**OPINION["outcomes"][0], "holds": False}
    page = printed(confirmations=[said], confirmed="void", confirmed_name="确认已失效", outcomes=[dropped])
    assert 'class="void"' in page
    assert "已失效" in page
    assert "（未落实）" in page
    assert 'class="void"' not in printed()


def test_every_reason_has_a_name_and_erased_words_are_said_to_be():
    for because in REWORDED_BECAUSE:
        assert printed(wordings=[OPINION["wordings"][0], {**OPINION["wordings"][0], "sequence": 2, "because": because, "words": None}])
    for because in ANSWERED_BECAUSE:
        assert printed(outcomes=[{**OPINION["outcomes"][0], "kind": "answered", "because": because, "words": "已说明"}])
    assert "（已删除）" in printed(wordings=[{**OPINION["wordings"][0], "words": None}])
