"""Telephone numbers, masks and the sealing of contacts. No database."""

import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from services.complaints.commands import Contact
from services.complaints.contacts import mask, open_contact, seal_contact
from services.platform.ids import new_id
from services.platform.phones import masked_name, masked_phone, normalised_phone
from services.platform.secrets import blind_index
from tests.complaints.filings import NAME, NOW, OPENID, PHONE

PHONES = json.loads((Path(__file__).parent.parent / "vectors" / "cn_identifiers.json").read_text())["phones"]
MASKS = {row["in"]: row["out"] for row in PHONES["mask_examples"]}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("13805550123", "13805550123"), ("138 0555-0123", "13805550123"), ("+8613805550123", "13805550123"),
        ("008613805550123", "13805550123"), ("8613805550123", "13805550123"), ("013805550123", "13805550123"),
        ("１３８０５５５０１２３", "13805550123"), ("0555-8311234", "0555-8311234"), ("05558311234", "0555-8311234"),
        ("010 6512 3456", "010-65123456"), ("+86 555 8311234", "0555-8311234"), ("110", "110"), ("12345", "12345"),
        ("+1 202 555 0123", "+12025550123"),
    ],
)  # fmt: skip
def test_every_spelling_of_a_number_is_kept_in_one(given, kept):
    assert normalised_phone(given) == kept


@pytest.mark.parametrize("given", PHONES["anonymous_caller_values_seen"])
def test_a_withheld_number_is_none(given):
    assert normalised_phone(given) is None


@pytest.mark.parametrize("given", ["x", "12", "1" * 21, "13805550123a", "١٣٨٠٥٥٥٠١٢٣٤", "--"])
def test_what_is_no_number_is_refused(given):
    with pytest.raises(ValueError, match="telephone"):
        normalised_phone(given)


@pytest.mark.parametrize("phone", ["13805550123", "0555-8311234"])
def test_phones_are_masked_as_usual(phone):
    assert masked_phone(phone) == MASKS[phone]


@pytest.mark.parametrize("name", ["张三", "欧阳小明"])
def test_names_are_masked_as_usual(name):
    assert masked_name(name) == MASKS[name]


def test_a_mask_never_shows_a_whole_name_or_number():
    assert (masked_name("张"), masked_phone("110")) == ("*", "*10")


def test_a_contact_opens_only_for_its_own_complaint_and_only_unchanged():
    complaint_id = new_id()
    row = seal_contact(complaint_id, Contact(name=NAME, phone=PHONE, openid=OPENID), NOW)
    opened = open_contact(complaint_id, row["row_key"], row["sealed"])
    assert (opened.name, opened.phone, opened.openid) == (NAME, PHONE, OPENID)
    assert mask(opened).phone == MASKS[PHONE]
    with pytest.raises(InvalidTag):
        open_contact(new_id(), row["row_key"], row["sealed"])
    with pytest.raises(InvalidTag):
        open_contact(complaint_id, row["row_key"], row["sealed"][:-1] + bytes([row["sealed"][-1] ^ 1]))


def test_two_contacts_of_one_person_share_an_index_and_nothing_else():
    one, two = (seal_contact(new_id(), Contact(phone=PHONE), NOW) for _ in range(2))
    assert one["phone_index"] == two["phone_index"] == blind_index("phone", PHONE)
    assert one["sealed"] != two["sealed"]
    assert one["row_key"] != two["row_key"]
    assert blind_index("openid", PHONE) != one["phone_index"]


def test_an_erased_contact_opens_to_nothing():
    assert open_contact(new_id(), None, b"x") is None


def test_an_opened_contact_cannot_slip_into_a_log():
    complaint_id = new_id()
    row = seal_contact(complaint_id, Contact(name=NAME, phone=PHONE), NOW)
    assert PHONE not in repr(open_contact(complaint_id, row["row_key"], row["sealed"]))


def test_an_address_is_sealed_with_the_rest_and_shown_by_its_first_letter_and_host():
    complaint_id = new_id()
    contact = Contact(email="zhang.san@example.org")
    row = seal_contact(complaint_id, contact, NOW)
    opened = open_contact(complaint_id, row["row_key"], row["sealed"])
    assert contact.known
    assert (opened.email, mask(opened).email) == ("zhang.san@example.org", "z***@example.org")
    assert b"zhang" not in row["sealed"]


@pytest.mark.parametrize("given", ["", "zhang", "@example.org", "zhang@", "a b@example.org", "a@b@c", "x" * 65 + "@example.org"])
def test_what_is_no_address_is_refused(given):
    with pytest.raises(ValueError, match="email"):
        Contact(email=given)
