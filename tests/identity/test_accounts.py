"""Passwords that are changed and reset, second factors, and what administrators do about both."""

import asyncio
import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from intake_api import accounts, members, sessions
from services.identity.totp import STEP_SECONDS, code_at, step_of
from services.platform import clock
from services.platform.settings import settings
from tests.county import PASSWORD
from tests.identity.staying import Phone, signed_in, told
from tests.web.doors import client_of

NEW = "水渠 梯田 晒谷场 7"


@pytest.fixture
async def client(county):
    async with client_of([sessions.router, accounts.router, members.router]) as client:
        yield client


@pytest.fixture
def enforced(monkeypatch):
    """As where administrators and county supervisors must have a second factor."""
    monkeypatch.setenv("DAGUANJIA_SECOND_FACTOR_ENFORCED", "true")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


class Authenticator:
    """Somebody's phone with the secret in it. It is never asked for the same step twice: a test takes no half minutes."""

    def __init__(self, secret: str) -> None:
        self._secret, self._ahead = base64.b32decode(secret), -1

    def code(self) -> str:
        """Return the next code that is good: of the step before, this one, the one after."""
        assert self._ahead <= 1, "no more codes are good now"
        step = step_of(clock.now()) + self._ahead
        self._ahead += 1
        return code_at(self._secret, step)

    def again(self) -> str:
        """Return the code it showed last."""
        return code_at(self._secret, step_of(clock.now()) + self._ahead - 1)


@pytest.fixture(autouse=True)
def _still(monkeypatch):
    """Hold the clock, so that no step passes while a test goes on."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)


async def _enrolled(phone: Phone) -> tuple[Authenticator, list[str]]:
    made = await phone.ask("POST", "/v1/me/second-factor", json={"password": phone.password})
    assert made.status_code == 201, made.text
    asked = parse_qs(urlsplit(made.json()["uri"]).query)
    assert asked["secret"] == [made.json()["secret"]]
    assert asked["period"] == [str(STEP_SECONDS)]
    authenticator = Authenticator(made.json()["secret"])
    confirmed = await phone.ask("POST", "/v1/me/second-factor/confirmation", json={"code": authenticator.code()})
    assert confirmed.status_code == 200, confirmed.text
    phone.session = confirmed.json()["session"]
    return authenticator, confirmed.json()["recovery_codes"]


async def _member(county, login):
    return await county.value("SELECT member_id FROM accounts WHERE login = $1", login)


async def test_a_changed_password_ends_every_other_session_and_this_one_goes_on(client, county):
    phone, other = await signed_in(client, "grid"), await signed_in(client, "grid")
    before = dict(phone.session)
    answer = await phone.ask("POST", "/v1/me/password", json={"password": PASSWORD, "new_password": NEW})
    assert answer.status_code == 200, answer.text
    assert await phone.status() == (401, "session.ended"), "the access token is another now"
    assert told(await Phone(client, "grid").refresh(before["refresh_token"])) == (401, "session.reused")
    assert (await Phone(client, "grid").sign_in()).status_code == 401
    assert await other.status() == (401, "session.ended")
    assert told(await other.refresh()) == (401, "session.ended")
    phone = Phone(client, "grid", NEW)
    assert (await phone.sign_in()).status_code == 201
    renewed = await phone.ask("POST", "/v1/me/password", json={"password": NEW, "new_password": NEW + "8"})
    phone.session = renewed.json()
    assert await phone.status() == (200, None)
    assert (await phone.refresh()).status_code == 200
    assert await phone.status() == (200, None)


@pytest.mark.parametrize(
    ("new", "code"),
    [("kurz", "too_short"), ("woaini1314", "common"), ("19880214", "number"), ("qwertyuiop", "repeats"), ("my-grid-2026", "own_name"),
     ("网格员辛的口令", "too_short"), ("网格员辛的新口令", "own_name"), (PASSWORD, "same")],
)  # fmt: skip
async def test_weak_passwords_are_refused_and_nothing_ends(client, new, code):
    phone = await signed_in(client, "grid")
    answer = await phone.ask("POST", "/v1/me/password", json={"password": PASSWORD, "new_password": new})
    assert told(answer) == (422, f"account.password_{code}")
    assert new not in answer.text
    assert await phone.status() == (200, None)


async def test_the_old_password_is_needed_and_guessing_it_locks_the_account(client):
    """Whoever has a token alone: no more tries than at the door, and both count together."""
    phone = await signed_in(client, "grid")
    addresses = ("/v1/me/password", "/v1/me/second-factor", "/v1/me/second-factor/removal", "/v1/me/second-factor/recovery-codes")
    more = {"/v1/me/password": {"new_password": NEW}, "/v1/me/second-factor": {}}
    answers = [await phone.ask("POST", at, json={"password": "wrong", **more.get(at, {"code": "123456"})}) for at in addresses]
    assert [told(answer) for answer in answers] == [(422, "account.password_wrong")] * 4
    assert told(await Phone(client, "grid", "wrong").sign_in()) == (429, "session.locked")
    answer = await phone.ask("POST", "/v1/me/password", json={"password": PASSWORD, "new_password": NEW})
    assert told(answer) == (429, "session.locked")
    assert int(answer.headers["retry-after"]) > 800


async def test_a_password_for_once_opens_nothing_but_the_way_to_another(client, county):
    admin, phone = await signed_in(client, "admin"), await signed_in(client, "grid")
    member = await _member(county, "grid")
    await county.owner.execute("UPDATE accounts SET failed_tries = 5, locked_until = now() + interval '1 hour' WHERE login = 'grid'")
    reset = await admin.ask("POST", f"/v1/accounts/{member}/password-reset")
    assert (reset.status_code, reset.headers["cache-control"], reset.json()["login"]) == (200, "no-store", "grid")
    assert await phone.status() == (401, "session.ended")
    assert (await phone.sign_in()).status_code == 401, "the password before is good no more"
    once = Phone(client, "grid", reset.json()["password"])
    assert (await once.sign_in()).json()["due"] == "password"
    assert await once.status() == (403, "session.password_due")
    assert told(await once.ask("GET", "/v1/members")) == (403, "session.password_due")
    assert told(await once.ask("POST", "/v1/me/second-factor", json={"password": once.password})) == (403, "session.password_due")
    assert (await once.refresh()).json()["due"] == "password", "refreshing is no way round it"
    changed = await once.ask("POST", "/v1/me/password", json={"password": once.password, "new_password": NEW})
    once.session = changed.json()
    assert (once.session["due"], await once.status()) == (None, (200, None))
    assert (await once.sign_in()).status_code == 401, "it was for once"
    assert reset.json()["password"] not in str(await county.fetch("SELECT * FROM events"))


async def test_a_password_for_once_has_an_end(client, county):
    admin = await signed_in(client, "admin")
    member = await _member(county, "grid")
    first = (await admin.ask("POST", f"/v1/accounts/{member}/password-reset")).json()["password"]
    second = (await admin.ask("POST", f"/v1/accounts/{member}/password-reset")).json()["password"]
    assert (await Phone(client, "grid", first).sign_in()).status_code == 401, "a second one ends the first"
    await county.owner.execute("UPDATE accounts SET one_time_until = now() WHERE login = 'grid'")
    assert told(await Phone(client, "grid", second).sign_in()) == (401, "session.wrong")


async def test_administrators_see_and_end_what_others_have_and_only_they(client, county):
    admin, phone = await signed_in(client, "admin"), await signed_in(client, "grid")
    member, own = await _member(county, "grid"), await _member(county, "admin")
    seen = (await admin.ask("GET", f"/v1/accounts/{member}")).json()
    assert (seen["login"], seen["sessions"], seen["second_factor"], seen["locked_until"]) == ("grid", 1, False, None)
    doors = [
        ("GET", f"/v1/accounts/{member}"), ("POST", f"/v1/accounts/{member}/password-reset"),
        ("DELETE", f"/v1/accounts/{member}/sessions"), ("DELETE", f"/v1/accounts/{member}/second-factor"),
    ]  # fmt: skip
    for method, address in doors:
        assert told(await phone.ask(method, address)) == (403, "permission.denied")
        unknown = address.replace(str(member), "0198f2a0-7c00-7000-8000-00000000dead")
        assert told(await admin.ask(method, unknown)) == (404, "account.unknown")
        if method != "GET":
            assert told(await admin.ask(method, address.replace(str(member), str(own)))) == (409, "account.own")
    assert (await admin.ask("DELETE", f"/v1/accounts/{member}/sessions")).status_code == 204
    assert await phone.status() == (401, "session.ended")
    assert told(await phone.refresh()) == (401, "session.ended")
    assert await county.value("SELECT ended_why FROM sessions WHERE ended_at IS NOT NULL") == "by_administrator"


async def test_with_a_second_factor_a_code_is_asked_for_and_each_is_good_once(client, county):
    phone, other = await signed_in(client, "grid"), await signed_in(client, "grid")
    authenticator, recovery = await _enrolled(phone)
    assert len(recovery) == 10
    assert await phone.status() == (200, None)
    assert await other.status() == (401, "session.ended"), "it was opened without"
    state = (await phone.ask("GET", "/v1/me/second-factor")).json()
    assert (state["confirmed_at"] is not None, state["recovery_codes_left"], state["wanted"]) == (True, 10, False)
    assert [one["second_factor"] for one in (await phone.ask("GET", "/v1/sessions")).json()] == [True]
    assert told(await other.sign_in()) == (401, "session.code_needed")
    assert told(await other.sign_in(code=authenticator.again())) == (401, "session.code_wrong"), "it was used to confirm"
    assert (await other.sign_in(code=authenticator.code())).status_code == 201
    assert told(await other.sign_in(code=authenticator.again())) == (401, "session.code_wrong")
    assert (await other.sign_in(code=f" {recovery[0].lower()} ")).status_code == 201
    assert told(await other.sign_in(code=recovery[0])) == (401, "session.code_wrong")
    stored = str(await county.fetch("SELECT * FROM second_factors, recovery_codes"))
    assert not any(code in stored or code.replace("-", "") in stored for code in recovery)
    assert told(await phone.ask("POST", "/v1/me/second-factor", json={"password": PASSWORD})) == (409, "second_factor.there")


async def test_of_one_code_shown_many_times_at_once_one_is_good(client):
    phone = await signed_in(client, "grid")
    authenticator, recovery = await _enrolled(phone)
    code = authenticator.code()
    answers = await asyncio.gather(*(Phone(client, "grid").sign_in(code=code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]
    answers = await asyncio.gather(*(Phone(client, "grid").sign_in(code=recovery[3]) for _ in range(4)))
    assert [answer.status_code for answer in answers].count(201) == 1


async def test_wrong_codes_lock_and_the_right_password_alone_takes_none_of_them_back(client, county):
    phone = await signed_in(client, "grid")
    await _enrolled(phone)
    codes = []
    for _ in range(4):
        codes.append(told(await phone.sign_in(code="000000")))
        codes.append(told(await phone.sign_in()))
    assert codes == [(401, "session.code_wrong"), (401, "session.code_needed")] * 4
    assert told(await phone.sign_in(code="AAAAA-AAAAA")) == (429, "session.locked")
    assert told(await phone.sign_in()) == (429, "session.locked")


async def test_a_wrong_password_is_told_before_any_code_is_asked_for(client):
    phone = await signed_in(client, "grid")
    authenticator, _ = await _enrolled(phone)
    wrong = Phone(client, "grid", "wrong")
    assert told(await wrong.sign_in()) == told(await wrong.sign_in(code=authenticator.code())) == (401, "session.wrong")
    assert (await phone.sign_in(code=authenticator.again())).status_code == 201, "a code beside a wrong password was not spent"


async def test_recovery_codes_are_renewed_and_a_second_factor_is_removed_with_password_and_code(client):
    phone = await signed_in(client, "grid")
    authenticator, old = await _enrolled(phone)
    both = {"password": PASSWORD, "code": old[0]}
    renewed = (await phone.ask("POST", "/v1/me/second-factor/recovery-codes", json=both)).json()["recovery_codes"]
    assert not set(renewed) & set(old)
    assert told(await phone.sign_in(code=old[1])) == (401, "session.code_wrong")
    wrong = {"password": PASSWORD, "code": "000000"}
    assert told(await phone.ask("POST", "/v1/me/second-factor/removal", json=wrong)) == (422, "second_factor.code_wrong")
    right = {"password": PASSWORD, "code": authenticator.code()}
    assert (await phone.ask("POST", "/v1/me/second-factor/removal", json=right)).status_code == 204
    assert (await phone.sign_in()).status_code == 201
    assert told(await phone.ask("POST", "/v1/me/second-factor/removal", json=right)) == (404, "second_factor.none")


async def test_an_administrator_drops_what_somebody_has_lost(client, county):
    phone, admin = await signed_in(client, "grid"), await signed_in(client, "admin")
    await _enrolled(phone)
    address = f"/v1/accounts/{await _member(county, 'grid')}/second-factor"
    assert (await admin.ask("DELETE", address)).status_code == 204
    assert await phone.status() == (401, "session.ended")
    assert (await phone.sign_in()).status_code == 201
    assert told(await admin.ask("DELETE", address)) == (404, "second_factor.none")
    assert await county.value("SELECT count(*) FROM recovery_codes") == 0


async def test_a_secret_that_was_not_confirmed_asks_nothing_of_anybody(client):
    phone = await signed_in(client, "grid")
    first = (await phone.ask("POST", "/v1/me/second-factor", json={"password": PASSWORD})).json()["secret"]
    second = (await phone.ask("POST", "/v1/me/second-factor", json={"password": PASSWORD})).json()["secret"]
    assert first != second
    assert (await phone.sign_in()).status_code == 201
    wrong = await phone.ask("POST", "/v1/me/second-factor/confirmation", json={"code": Authenticator(first).code()})
    assert told(wrong) == (422, "second_factor.code_wrong")
    right = await phone.ask("POST", "/v1/me/second-factor/confirmation", json={"code": Authenticator(second).code()})
    assert right.status_code == 200


async def test_where_it_is_enforced_privileged_roles_do_nothing_before_they_have_enrolled(client, enforced):
    admin, phone = await signed_in(client, "admin"), await signed_in(client, "grid")
    assert (admin.session["due"], phone.session["due"]) == ("second_factor", None)
    assert await admin.status() == (403, "session.second_factor_due")
    assert told(await admin.ask("GET", "/v1/members")) == (403, "session.second_factor_due")
    assert (await admin.ask("GET", "/v1/me/second-factor")).json() == {
        "confirmed_at": None, "recovery_codes_left": 0, "wanted": True, "enforced": True,
    }  # fmt: skip
    assert (await admin.refresh()).json()["due"] == "second_factor"
    authenticator, _ = await _enrolled(admin)
    assert (admin.session["due"], await admin.status()) == (None, (200, None))
    assert (await admin.sign_in(code=authenticator.code())).json()["due"] is None


async def test_where_it_is_not_enforced_everybody_signs_in_as_before(client):
    admin = await signed_in(client, "admin")
    assert (admin.session["due"], await admin.status()) == (None, (200, None))
