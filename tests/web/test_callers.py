"""The caller's address is what our own proxies say, and nobody else."""

from uuid import UUID

import pytest

from services.identity.tokens import write_token
from services.platform import clock
from services.platform.settings import Settings
from services.web.callers import KEY, Callers, address_in, seen_through_proxies

ACCOUNT = UUID("01890000-0000-7000-8000-000000000001")


def seen(peer, headers, trusted="", header="x-forwarded-for"):
    """Return address and scheme as the door takes them."""
    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 4711) if peer else None,
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    seen_through_proxies(scope, trusted, header)
    return scope["client"] and scope["client"][0], scope["scheme"]


CLAIM = [("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=203.0.113.7;proto=https"), ("x-forwarded-proto", "https")]


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.1", "198.51.100.1", "::1"])
def test_by_default_nobody_is_believed(peer):
    assert seen(peer, CLAIM) == (peer, "http")
    assert Settings.model_fields["trusted_proxies"].default == ""


def test_a_trusted_proxy_is_believed_in_the_one_header_it_writes_and_others_are_not():
    assert seen("10.0.0.1", CLAIM, "10.0.0.0/8") == ("203.0.113.7", "https")
    assert seen("198.51.100.1", CLAIM, "10.0.0.0/8") == ("198.51.100.1", "http")
    assert seen("10.0.0.1", CLAIM[1:2], "10.0.0.0/8") == ("10.0.0.1", "http")
    assert seen("10.0.0.1", CLAIM[1:2], "10.0.0.0/8", "forwarded") == ("203.0.113.7", "https")
    assert seen("10.0.0.1", CLAIM[:1], "10.0.0.0/8", "forwarded") == ("10.0.0.1", "http")
    assert seen(None, CLAIM, "unix") == ("203.0.113.7", "https")
    assert seen(None, CLAIM, "10.0.0.0/8") == (None, "http")


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("1.1.1.1, 203.0.113.7", "203.0.113.7"),  # what the caller wrote itself stands left
        ("1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.9, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("1.1.1.1, nonsense", "10.0.0.1"),
        ("1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("203.0.113.7:8443", "203.0.113.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", "10.0.0.1"),
        ("," * 2000, "10.0.0.1"),
    ],
)
def test_the_first_hop_from_the_right_that_is_none_of_ours_is_the_caller(told, address):
    assert seen("10.0.0.1", [("x-forwarded-for", told)], "10.0.0.0/8")[0] == address


def test_hops_on_several_lines_and_in_quotes_are_one_list():
    lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.7, 10.0.0.2")]
    assert seen("10.0.0.1", lines, "10.0.0.0/8")[0] == "203.0.113.7"
    quoted = [("forwarded", 'for="[2001:db8::7]:4711";by="a,b", for=10.0.0.2;proto=https')]
    assert seen("10.0.0.1", quoted, "10.0.0.0/8", "forwarded") == ("2001:db8::7", "https")


def test_what_is_no_network_is_refused_at_the_start():
    with pytest.raises(ValueError, match="somewhere"):
        Settings(trusted_proxies="10.0.0.0/8, somewhere")


def test_what_is_no_address_is_none():
    assert [address_in(hop) for hop in ("", "_hidden", "1.2.3", "[::1", "999.1.1.1", "\x00")][:3] == [None] * 3


def scope_of(address, **more):
    return {"client": (address, 1), **more}


def test_an_account_is_counted_by_its_token_and_no_made_up_credential_is_anybody():
    callers = Callers()
    token, _ = write_token(ACCOUNT, 0, clock.now(), 15)
    assert callers.name(scope_of("192.0.2.1"), f"Bearer {token}".encode()) == f"account {ACCOUNT}"
    assert callers.name(scope_of("192.0.2.2"), f"bearer {token}".encode()) == f"account {ACCOUNT}"
    for made_up in (
        None,
        b"",
        b"Bearer ",
        b"Bearer x.y.z",
        f"Bearer {token[:-4]}AAAA".encode(),
        b"Basic eDp5",
        b"Bearer dgj_1",
        b"\xff" * 9000,
    ):
        assert callers.name(scope_of("192.0.2.1"), made_up) == "address 192.0.2.1"


def test_a_key_is_counted_as_itself_once_it_opened_something_and_from_there_alone():
    callers = Callers()
    whole, signs = b"Bearer a key with its secret", b"Bearer a key that signs"
    for credential, opened in ((whole, (7, True)), (signs, (8, False))):
        assert callers.name(scope_of("192.0.2.1"), credential) == "address 192.0.2.1"
        callers.remember(scope_of("192.0.2.1"), credential)
        assert callers.name(scope_of("192.0.2.1"), credential) == "address 192.0.2.1"
        callers.remember(scope_of("192.0.2.1", **{KEY: opened}), credential)
    assert callers.name(scope_of("192.0.2.1"), whole) == "key 7"
    assert callers.name(scope_of("192.0.2.1"), signs) == "key 8 192.0.2.1"
    assert callers.name(scope_of("192.0.2.9"), signs) == "address 192.0.2.9"


def test_a_household_is_one_caller_however_many_addresses_it_has():
    callers = Callers()
    names = {callers.name(scope_of(f"2001:db8:1:2::{number:x}"), None) for number in range(9)}
    assert names == {"address 2001:db8:1:2::"}
    assert callers.name({"client": None}, None) == "address unknown"
