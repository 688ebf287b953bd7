"""Addresses that somebody else chose: none of ours is called, however it is spelt, and nobody sends us on."""

import socket

import pytest

from services.connections.calling import AddressRefused, call, download, open_client, tell
from tests.notifications.platform import Said, playing

OURS = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://0.0.0.0/",
    "http://10.0.0.5/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://[fec0::1]/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://localhost/",
]


@pytest.mark.parametrize("url", OURS)
async def test_an_address_of_ours_is_refused_however_it_is_spelt(url):
    async with open_client() as client:
        with pytest.raises(AddressRefused, match=r"address_not_public|name_unknown"):
            await tell(client, url, allow_private=False, content=b"{}")


def resolving(monkeypatch, *addresses):
    """Have every name lead to `addresses`, as a name server of somebody else's would."""

    def answer(_host, port, *_args, **_more):
        families = [(socket.AF_INET6 if ":" in one else socket.AF_INET, one) for one in addresses]
        return [(family, socket.SOCK_STREAM, 6, "", (one, port)) for family, one in families]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("10.1.2.3",), ("93.184.216.34", "127.0.0.1"), ("2606:4700::1", "::1")])
async def test_a_name_that_leads_to_us_is_refused_even_beside_a_good_address(monkeypatch, addresses):
    resolving(monkeypatch, *addresses)
    async with open_client() as client:
        with pytest.raises(AddressRefused, match="address_not_public"):
            await tell(client, "https://hooks.example.org/x", allow_private=False, content=b"{}")


async def test_the_connection_goes_to_what_was_looked_at_and_no_redirect_is_followed(monkeypatch):
    async with playing() as other, open_client() as client:
        port = other.url.rpartition(":")[2]
        other.answer = lambda _asked: Said(302, headers={"Location": f"{other.url}/inside"})
        resolving(monkeypatch, "127.0.0.1")
        for ask in (
            tell(client, f"http://hooks.example.org:{port}/x?a=1", allow_private=True, content=b"{}"),
            call(client, "GET", f"http://hooks.example.org:{port}/x?a=1", allow_private=True),
        ):
            assert (await ask).status_code == 302
        async with download(client, f"http://hooks.example.org:{port}/x?a=1", allow_private=True) as answer:
            assert answer.status_code == 302
        assert [asked.path for asked in other.asked] == ["/x"] * 3
        assert {asked.headers["host"] for asked in other.asked} == {f"hooks.example.org:{port}"}


async def test_of_an_answer_without_end_little_is_read():
    async with playing() as other, open_client() as client:
        other.answer = lambda _asked: Said(body=b"x" * 30_000_000)
        answer = await tell(client, other.url, allow_private=True, content=b"{}")
        assert answer.status_code == 200
        assert answer.num_bytes_downloaded < 1_000_000
