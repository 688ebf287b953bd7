"""What pages do so that people stay signed in, and the forms that ask for a code, a password of one's own, an authenticator."""

import asyncio
import base64
import json
from datetime import UTC, datetime

import pytest

from intake_api import accounts, sessions, single_sign_on
from reporting_api import bulletins, dashboard, page_files
from services.identity import oidc_provider, passwords
from services.identity.accounts import account_by_login
from services.identity.actions import reset_password
from services.identity.second_factors import confirm, enrol
from services.identity.totp import code_at, step_of
from services.platform.actor import SYSTEM
from services.platform.database import INTAKE
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.web.app import create_app
from tests.county import CHEAP, PASSWORD
from tests.identity.provider import CLIENT, SECRET, providing
from tests.reports.browsing import Tab, browsing

OWN = "水渠 梯田 晒谷场 7"
_MODULE = "import(document.querySelector('link[href*=\"session.js\"]').href)"


@pytest.fixture
async def page(county, monkeypatch):
    """Both doors behind one address, as behind a proxy, and a browser before them."""
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    routers = [sessions.router, accounts.router, single_sign_on.router, dashboard.router, bulletins.router, page_files.router]
    app = create_app(title="test", role=INTAKE, routers=routers)
    async with browsing(app) as (address, browser):
        yield Page(address, browser, browser.ask("Target.createBrowserContext")["browserContextId"])


class Page:
    """Opens tabs of one browser, each on the dashboard."""

    def __init__(self, address, browser, context):
        self.address, self.browser, self.context = address, browser, context

    async def tab(self, session=None):
        """Open a tab that is signed out, or one with what another tab holds: as where it was duplicated."""
        tab = Tab(self.browser, self.context, session)
        await tab.open(f"{self.address}/dashboard")
        await tab.until("document.readyState === 'complete' && document.querySelector('#periods button') !== null")
        return tab

    async def signed_in(self, login, password=PASSWORD):
        """Open a tab and sign in with its form."""
        tab = await self.tab()
        await filled(tab, "sign-in", login=login, password=password)
        return tab


async def filled(tab, form, **values):
    """Write into a form and send it."""
    given = json.dumps(values)
    await tab.until(
        f"(() => {{ const form = document.getElementById('{form}'); if (form.hidden) return false;"
        f" for (const [name, value] of Object.entries({given})) form.elements[name].value = value;"
        " form.requestSubmit(); return true; })()"
    )


async def said(tab):
    """Return what the page says is wrong."""
    return await tab.until("!document.getElementById('door-said').hidden && document.getElementById('door-said').textContent")


async def is_in(tab):
    """Wait until the board is shown."""
    return await tab.until("!document.getElementById('board').hidden && document.getElementById('leave').textContent")


async def held(tab):
    """Return what a tab holds of its session."""
    return json.loads(await tab.until("sessionStorage.getItem('daguanjia.session')"))


async def asks(tab, times=1):
    """Have a tab ask who is signed in, so many times at once."""
    one = "module.ask('/v1/me').then((me) => me.member.name, (problem) => problem.code)"
    many = f"Promise.all(Array.from({{ length: {times} }}, () => {one}))"
    await tab.until(f"(window.told = null, {_MODULE}.then((module) => {many}).then((told) => {{ window.told = told; }}), true)")


async def asked(tab, times=1):
    """Return what a tab is told when it asks, or the code of each refusal."""
    await asks(tab, times)
    return await tab.until("window.told")


async def stale(tab):
    """Have a tab find its access token too old to go on with."""
    old = "JSON.stringify({ ...JSON.parse(sessionStorage.getItem('daguanjia.session')), early: 0 })"
    await tab.until(f"(sessionStorage.setItem('daguanjia.session', {old}), true)")


async def test_tabs_of_one_session_refresh_in_turn_and_nobody_is_signed_out(page, county):
    first = await page.signed_in("grid")
    assert "网格员辛" in await is_in(first)
    kept = await held(first)
    second, third = await page.tab(kept), await page.tab(kept)
    for tab in (first, second, third):
        await stale(tab)
    for tab in (first, second, third):
        await asks(tab, 5)
    assert [await tab.until("window.told") for tab in (first, second, third)] == [["网格员辛"] * 5] * 3
    assert await county.value("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1
    # long after the door's grace: a tab that slept finds what the others have, instead of showing an old token
    for _ in range(2):
        await county.owner.execute("UPDATE sessions SET rotated_at = rotated_at - interval '1 hour'")
        await stale(first)
        assert await asked(first) == ["网格员辛"]
    await county.owner.execute("UPDATE sessions SET rotated_at = rotated_at - interval '1 hour'")
    await stale(second)
    assert await asked(second) == ["网格员辛"]
    assert (await held(second))["refresh_token"] == (await held(first))["refresh_token"]
    shared = await first.until("JSON.stringify(Object.entries(localStorage))")
    for secret in ("access_token", "refresh_token", "key"):
        assert (await held(first))[secret] not in shared, "what outlives the tab is sealed"


async def test_a_session_ended_elsewhere_leads_to_the_form_and_leaving_ends_it_at_the_door(page, county):
    tab = await page.signed_in("grid")
    await is_in(tab)
    await county.owner.execute("UPDATE sessions SET ended_at = now(), ended_why = 'ended_elsewhere'")
    await stale(tab)
    assert await asked(tab) == ["session.ended"]
    assert await tab.until("sessionStorage.getItem('daguanjia.session') === null")
    other = await page.signed_in("grid")
    await is_in(other)
    await other.until("(document.getElementById('leave').click(), true)")
    for _ in range(200):
        if await county.value("SELECT count(*) FROM sessions WHERE ended_why = 'signed_out'"):
            break
        await asyncio.sleep(0.05)
    assert await county.value("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 0
    assert await other.until("Object.keys(localStorage).every((name) => !name.startsWith('daguanjia.session.')) && 'cleared'")


async def test_a_password_for_once_is_changed_before_the_board_is_shown(page, county):
    async with unit_of_work(SYSTEM) as work:
        once, _until = await reset_password(work, await account_by_login(work, "grid"))
    tab = await page.signed_in("grid", once)
    await filled(tab, "own-password", first=OWN, second="anders")
    assert await said(tab) == "两遍输入的不一样。"
    await filled(tab, "own-password", first="woaini1314", second="woaini1314")
    assert await tab.until("document.getElementById('door-said').textContent.includes('常见') && 'refused'")
    await filled(tab, "own-password", first=OWN, second=OWN)
    assert "网格员辛" in await is_in(tab)
    assert await asked(tab) == ["网格员辛"]


async def test_a_second_factor_is_enrolled_where_it_is_due_and_asked_for_afterwards(page, county, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_SECOND_FACTOR_ENFORCED", "true")
    settings.cache_clear()
    try:
        tab = await page.signed_in("county")
        shown = await tab.until("!document.getElementById('enrol').hidden && document.getElementById('secret').textContent")
        secret = base64.b32decode(shown.replace(" ", ""))
        now = step_of(datetime.now(UTC))
        await filled(tab, "enrol", code="000000" if code_at(secret, now) != "000000" else "111111")
        assert await said(tab) == "验证码不对或已用过,请等下一个。"
        await filled(tab, "enrol", code=code_at(secret, now))
        recovery = await tab.until(
            "document.querySelector('#codes li') && [...document.querySelectorAll('#codes li')].map((one) => one.textContent)"
        )
        assert len(recovery) == 10
        await filled(tab, "recovery")
        assert "督办员乙" in await is_in(tab)
        other = await page.signed_in("county")
        assert await said(other) == "请输入手机验证器上的六位验证码,或一个恢复码。"
        await filled(other, "sign-in", code=recovery[0])
        assert "督办员乙" in await is_in(other)
    finally:
        monkeypatch.undo()
        settings.cache_clear()


@pytest.fixture
async def provider(page, monkeypatch):
    """A provider that sends browsers back to the page."""
    async with providing() as found:
        found.redirect = f"{page.address}/dashboard"
        for name, value in {
            "ISSUER": found.issuer, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "REDIRECT_URI": found.redirect, "ALLOW_PRIVATE": "true",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"DAGUANJIA_OIDC_{name}", value)
        settings.cache_clear()
        oidc_provider.forget_providers()
        yield found
        monkeypatch.undo()
        settings.cache_clear()


_PRESS = (
    "(() => { const form = document.getElementById('sign-on'); if (form.hidden) return false;"
    " window.before = true; form.requestSubmit(); return true; })()"
)


async def there_and_back(tab):
    """Press the button and wait until the page is there again; what is asked of a tab that is on its way is broken off."""
    await tab.until(_PRESS)
    for _ in range(20):
        try:
            return await tab.until("window.before === undefined && document.readyState === 'complete' && location.search === ''")
        except RuntimeError:
            await asyncio.sleep(0.1)
    raise AssertionError("the tab never came back")


async def test_without_a_provider_there_is_no_button_for_one(page):
    tab = await page.tab()
    assert await tab.until("!document.getElementById('sign-in').hidden && document.getElementById('sign-on').hidden && 'no button'")
    asked = "fetch('/v1/single-sign-on').then((answer) => answer.json()).then((told) => { window.told = JSON.stringify(told); })"
    await tab.until(f"({asked}, true)")
    assert json.loads(await tab.until("window.told")) == {"offered": False}
    assert await tab.until("document.getElementById('sign-on').hidden && 'still none'")


async def test_single_sign_on_leads_to_the_provider_and_back_to_the_same_place(page, provider, county):
    tab = await page.tab()
    await tab.until("(location.hash = '#period=year', true)")
    await there_and_back(tab)
    assert "调度员戊" in await is_in(tab)
    where = await tab.until("location.href")
    assert "period=year" in where
    assert not any(told in where for told in ("code=", "state=")), "the code leaves the address"
    assert await tab.until("sessionStorage.getItem('daguanjia.sign-on') === null && 'forgotten'")
    assert await asked(tab) == ["调度员戊"]
    assert await county.value("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1


async def test_of_a_sign_in_begun_elsewhere_cancelled_or_of_nobody_here_the_page_says_so(page, provider, county):
    tab = await page.tab()
    await tab.open(f"{provider.redirect}?code=stolen&state=stolen")
    await tab.until("document.readyState === 'complete' && location.search === ''")
    assert await said(tab) == "这次登录没有成功或已失效,请重新开始。"
    assert "code" not in await tab.until("location.href")
    provider.cancelled = True
    await there_and_back(tab)
    assert await said(tab) == "没有在统一身份认证完成登录。"
    provider.cancelled, provider.claims = False, {"preferred_username": "stranger"}
    await there_and_back(tab)
    assert await tab.until("document.getElementById('door-said').textContent.includes('没有您的账号') && 'said'")
    assert await county.value("SELECT count(*) FROM sessions") == 0


async def test_whoever_has_a_second_factor_is_asked_for_it_after_the_provider(page, provider, county):
    account = await county.value("SELECT id FROM accounts WHERE login = 'pengzhai'")
    async with unit_of_work(SYSTEM) as work:
        secret = base64.b32decode((await enrol(work, account)).secret)
        await confirm(work, account, code_at(secret, step_of(work.now) - 1), None)
    tab = await page.tab()
    await there_and_back(tab)
    await tab.until("!document.getElementById('sign-on-code').hidden")
    assert await said(tab) == "请输入手机验证器上的六位验证码,或一个恢复码。"
    now = step_of(datetime.now(UTC))
    await filled(tab, "sign-on-code", code="000000" if code_at(secret, now) != "000000" else "111111")
    assert await tab.until("document.getElementById('door-said').textContent.includes('不对') && 'said'")
    await filled(tab, "sign-on-code", code=code_at(secret, step_of(datetime.now(UTC))))
    assert "调度员戊" in await is_in(tab)
