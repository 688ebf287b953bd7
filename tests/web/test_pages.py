"""Pages: what is served is there and whole, nothing leads elsewhere, nothing leads out, and what a screen reader needs stands there."""

import gzip
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from pydantic import ValidationError

from reporting_api.app import build
from reporting_api.pages import PAGES
from services.platform.database import INTAKE, REPORTING
from services.platform.settings import Settings, settings
from services.web.app import create_app
from services.web.pages import KINDS, Pages

ROOT = Path(__file__).parents[2] / "reporting_api" / "pages"
HTML = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.html"))
SCRIPTS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.js"))
OWN = [name for name in (*HTML, *SCRIPTS, *(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.css"))) if "vendor/" not in name]
VOID = {"meta", "link", "input", "br", "img", "hr"}


@pytest.fixture
async def door() -> AsyncIterator[AsyncClient]:
    """The reporting door; its pages need no database."""
    async with AsyncClient(transport=ASGITransport(build()), base_url="http://door", headers={"Accept-Encoding": "identity"}) as client:
        yield client


class Read(HTMLParser):
    """A page as its elements: name, attributes, the text inside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open[-1][0]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = (tag, {name: value or "" for name, value in attrs}, [])
        self.elements.append(found)
        if tag not in VOID:
            self._open.append(found)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop()[0] == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element[2].append(data)


def ids(page: Read) -> list[str]:
    return [attrs["id"] for _tag, attrs, _text in page.elements if "id" in attrs]


@pytest.mark.parametrize("name", HTML)
def test_a_page_says_its_language_and_names_everything_that_can_be_used(name: str) -> None:
    page = Read(PAGES.text(name))
    tags = [tag for tag, _attrs, _text in page.elements]
    html = next(attrs for tag, attrs, _text in page.elements if tag == "html")
    assert html["lang"] == "zh-CN"
    assert tags.count("title") == 1
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert len(ids(page)) == len(set(ids(page)))
    assert any("width=device-width" in attrs.get("content", "") for tag, attrs, _text in page.elements if tag == "meta")
    for tag, attrs, text in page.elements:
        assert "style" not in attrs, f"{tag} has a style of its own, which the policy forbids"
        assert not [name for name in attrs if name.startswith("on")], f"{tag} has a script of its own, which the policy forbids"
        if tag == "button":
            assert "".join(text).strip() or attrs.get("aria-label") or "hidden" in attrs, "a button without a name"
        if tag in {"section", "dialog"}:
            assert attrs.get("aria-label") or attrs.get("aria-labelledby"), f"{tag} without a name"
        if tag == "img":
            assert "alt" in attrs
    for _tag, attrs, _text in page.elements:
        if "aria-labelledby" in attrs and attrs["aria-labelledby"].removesuffix("-title") not in ids(page):
            assert attrs["aria-labelledby"] in ids(page), attrs


@pytest.mark.parametrize("name", HTML)
def test_every_input_stands_in_its_label(name: str) -> None:
    text = PAGES.text(name)
    for given in re.findall(r"<(?:input|select|textarea)\b[^>]*>", text):
        labelled = "aria-label" in given or any(given in label for label in re.findall(r"<label\b.*?</label>", text, re.DOTALL))
        named = re.search(r'\bid="([^"]+)"', given)
        assert labelled or (named and f'for="{named[1]}"' in text), given


@pytest.mark.parametrize("name", OWN)
def test_nothing_leads_to_another_place(name: str) -> None:
    text = PAGES.text(name).replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(r"""(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}""", text), "an address of somebody else"
    assert "eval(" not in text
    assert "innerHTML" not in text
    assert "insertAdjacentHTML" not in text


@pytest.mark.parametrize("name", HTML)
def test_every_file_a_page_names_was_shipped(name: str) -> None:
    named = re.findall(r'(?:href|src)="/pages/([^"{]+)"', PAGES.text(name))
    assert named
    assert set(named) <= set(PAGES.names)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_module_a_script_names_was_shipped_and_exports_what_is_taken(name: str) -> None:
    text = PAGES.text(name)
    if "vendor/" in name:
        return
    for taken, other in re.findall(r'import (\{[^}]*\}) from "\./([^"]+)"', text):
        beside = (ROOT / name).parent / other
        assert beside.is_file(), other
        there = beside.read_text()
        for word in re.findall(r"\w+", taken):
            assert re.search(rf"export (?:async )?(?:function|const|class) {word}\b", there), f"{other} exports no {word}"
    for address in re.findall(r'"/pages/([^"]+)"', text):
        assert address in PAGES.names


def test_every_word_that_is_said_is_there_in_both_languages() -> None:
    words = PAGES.text("js/words.js")
    known = set(re.findall(r'(?:^|, | {2})"?([a-z_-]+)"?: \["[^"]*", "[^"]*"\]', words, re.MULTILINE))
    used = set(re.findall(r'data-say(?:-label)?="([a-z_-]+)"', PAGES.text("dashboard.html")))
    for name in SCRIPTS:
        if name.startswith("js/") and "words.js" in PAGES.text(name):
            used |= set(re.findall(r'\bsay\("([a-z_-]+)"', PAGES.text(name)))
    assert used - known == set()


def test_scripts_are_scripts() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not there: the syntax of scripts is not checked")
    modules = [str(ROOT / name) for name in SCRIPTS]
    look = (
        "const vm = require('vm'), fs = require('fs');"
        "for (const file of process.argv.slice(1)) new vm.SourceTextModule(fs.readFileSync(file, 'utf8'), {identifier: file});"
    )
    arguments = [node, "--experimental-vm-modules", "--no-warnings", "-e", look, *modules]
    done = subprocess.run(arguments, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_the_dashboard_is_a_page_under_a_strict_policy(door: AsyncClient) -> None:
    answer = await door.get("/dashboard")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["font-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    assert "{{" not in answer.text
    again = await door.get("/dashboard", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_what_the_dashboard_names_is_kept_for_ever(door: AsyncClient) -> None:
    named = re.findall(r'(?:href|src)="(/pages/[^"]+)"', (await door.get("/dashboard")).text)
    assert len(named) > 10
    for address in named:
        answer = await door.get(address)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable"), address
        assert (await door.get(address, headers={"If-None-Match": answer.headers["etag"]})).status_code == 304


async def test_a_file_without_its_release_or_of_another_one_is_asked_for_again(door: AsyncClient) -> None:
    for address in ("/pages/css/page.css", "/pages/~0123456789abcdef/css/page.css"):
        answer = await door.get(address)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


async def test_files_are_packed_as_browsers_read_them(door: AsyncClient) -> None:
    library = next(name for name in PAGES.names if name.endswith("echarts.js"))
    plain = await door.get(f"/pages/{library}")
    answer = await door.get(f"/pages/{library}", headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["content-encoding"], answer.content) == ("gzip", plain.content)  # the client has unpacked it
    assert int(answer.headers["content-length"]) < len(plain.content) / 2
    best = await door.get(f"/pages/{library}", headers={"Accept-Encoding": "gzip, br;q=1.0"}, follow_redirects=False)
    assert best.headers["content-encoding"] == "br"
    assert int(best.headers["content-length"]) < int(answer.headers["content-length"])
    assert len({found.headers["etag"] for found in (plain, answer, best)}) == 3
    assert (await door.get(f"/pages/{library}", headers={"Accept-Encoding": "gzip;q=0"})).headers.get("content-encoding") is None


OUT = [
    "../__init__.py", "..%2f..%2f.env.example", "%2e%2e/%2e%2e/README.md", "css/../../app.py", "/etc/passwd", "//etc/passwd", "__init__.py",
    "vendor/echarts-6.1.0-2/README.md", "vendor/echarts-6.1.0-2/echarts.js.br", "~/css/page.css/", "css", "",
    "dashboard.html", "css/page.css%00.txt", "CSS/page.css", "css\\page.css", "%c0%ae%c0%ae/app.py",
]  # fmt: skip


@pytest.mark.parametrize("address", OUT)
async def test_no_address_leads_out_of_what_was_shipped(door: AsyncClient, address: str) -> None:
    answer = await door.get(f"/pages/{address}")
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_package_serves_its_own_kinds_of_files_alone(tmp_path: Path) -> None:
    for name in ("page.html", "a.css", "secret.env", "code.py", "deep/b.js"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x" * 2000)
    (tmp_path / "vendor-1.js").symlink_to("/nowhere")
    pages = Pages(tmp_path)
    assert pages.names == ("a.css", "deep/b.js", "page.html")
    with pytest.raises(KeyError):
        pages.address("secret.env")
    before = pages.release
    (tmp_path / "a.css").write_text("y")
    assert Pages(tmp_path).release != before
    assert {Path(name).suffix for name in PAGES.names} <= set(KINDS)


def test_the_vendored_library_is_the_one_that_is_written_down() -> None:
    import hashlib

    for readme in ROOT.glob("vendor/*/README.md"):
        written = re.findall(r"sha256 +([0-9a-f]{64}) +(\S+)", readme.read_text())
        assert written
        for digest, name in written:
            assert hashlib.sha256((readme.parent / name).read_bytes()).hexdigest() == digest, name
        assert (readme.parent / "LICENSE.txt").is_file()


async def test_the_page_is_told_where_the_intake_door_is(monkeypatch: pytest.MonkeyPatch, door: AsyncClient) -> None:
    monkeypatch.setattr(settings(), "intake_url", "https://county.example:8443/intake/")
    answer = await door.get("/dashboard")
    assert '<meta name="daguanjia-intake" content="https://county.example:8443/intake">' in answer.text
    assert "connect-src 'self' https://county.example:8443;" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a b", 'https://x"><script>', "https://x; script-src *", "//x", "ftp://x"])
def test_no_other_text_is_taken_for_the_address_of_the_intake_door(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(intake_url=url)


async def test_pages_of_named_origins_may_call_the_intake_door_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    asks = {"Origin": "https://reports.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}

    async def allowed(role: str, origin: str) -> str | None:
        app = create_app(title="t", role=role, routers=[])
        async with AsyncClient(transport=ASGITransport(app), base_url="http://door") as client:
            answer = await client.options("/v1/sessions", headers={**asks, "Origin": origin})
        assert "access-control-allow-credentials" not in answer.headers
        return answer.headers.get("access-control-allow-origin")

    assert await allowed(INTAKE, "https://reports.example") is None
    monkeypatch.setattr(settings(), "page_origins", "https://reports.example, http://localhost:8001")
    assert await allowed(INTAKE, "https://reports.example") == "https://reports.example"
    assert await allowed(INTAKE, "http://localhost:8001") == "http://localhost:8001"
    assert await allowed(INTAKE, "https://reports.example.evil") is None
    assert await allowed(REPORTING, "https://reports.example") is None


def test_packing_again_gives_the_same_bytes() -> None:
    first, again = Pages(ROOT), Pages(ROOT)
    assert first.release == again.release
    one, other = first._files["css/page.css"], again._files["css/page.css"]
    assert one.gzipped == other.gzipped is not None
    assert gzip.decompress(one.gzipped or b"") == one.content
