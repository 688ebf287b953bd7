"""The doors of help, mediation and deliberation with the register, the ledger and the reports beside them, and people who use them."""

from typing import Any

from httpx import AsyncClient

from services.platform.ids import new_id
from tests.conftest import TestDatabase
from tests.county import STAFFED_GRID, sign_in

DAY = "2026-11-02"


class Desk:
    """Whoever asks at both doors."""

    def __init__(self, client: AsyncClient, county: TestDatabase) -> None:
        self.client, self.county = client, county
        self.tokens: dict[str, dict[str, str]] = {}

    async def ask(self, login: str, method: str, path: str, body: Any = None, want: int | None = None, **query: Any) -> Any:
        """Ask; return what is answered, or the answer itself where no status is wanted."""
        if login not in self.tokens:
            self.tokens[login] = await sign_in(self.client, login)
        answer = await self.client.request(method, f"/v1{path}", json=body, params=query, headers=self.tokens[login])
        if want is None:
            return answer
        assert answer.status_code == want, f"{method} {path} as {login}: {answer.status_code} {answer.text}"
        return answer.json()

    async def post(self, login: str, path: str, body: Any, want: int | None = None) -> Any:
        """Send."""
        return await self.ask(login, "POST", path, body, want)

    async def get(self, login: str, path: str, want: int = 200, **query: Any) -> Any:
        """Read."""
        return await self.ask(login, "GET", path, None, want, **query)

    async def refused(self, login: str, path: str, body: Any) -> tuple[int, str]:
        """Send what is refused; return status and code."""
        answer = await self.post(login, path, body)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["code"]

    async def home(self, number: str = "3-012", unit: str = STAFFED_GRID) -> str:
        """Return a household of the register."""
        body = {"unit": unit, "number": number, "head": "黄某某", "phone": "13800000123", "people": 4}
        return str((await self.post("shuikou", "/households", body, 201))["id"])

    async def member(self, login: str) -> str:
        """Return who signs in so."""
        return str(await self.county.value("SELECT member_id FROM accounts WHERE login = $1", login))

    async def ledger(self, metric: str) -> int | None:
        """Return a figure of the ledger over all days."""
        report = await self.get("county", "/reports/activities", **{"from": "2026-01-01", "to": "2026-11-30"})
        return next(one["value"] for one in report["total"] if one["metric"].partition("@")[0] == metric)


def fresh() -> str:
    """Return an id as a phone makes it."""
    return str(new_id())
