"""The doors as the people of the story use them: signed in, with keys that make a repeat harmless, and patient while a door restarts."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from daguanjia.story.setting import StoryError

Json = dict[str, Any]
T = TypeVar("T")

_AWAY = (502, 503, 504)
_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
_REREADS = 5
_ONE_REQUEST = 15.0


@dataclass
class Door:
    """One HTTP door. A request that finds it away is sent again, byte for byte with the same key, until `patience` seconds are over."""

    name: str
    client: httpx.Client
    patience: float
    repeats: int = field(default=0)

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request and return the answer, whatever its status; raise StoryError where the door stays away."""
        until, pause = time.monotonic() + self.patience, _PAUSE
        while True:
            try:
                answer = self.client.request(method, path, **request)
            except httpx.TransportError as problem:
                why = type(problem).__name__
            else:
                if answer.status_code not in _AWAY and code_of(answer) != "idempotency.in_progress":
                    return answer
                why = f"{answer.status_code} {code_of(answer)}"
            if time.monotonic() >= until:
                raise StoryError(
                    f"{self.name} 在 {self.patience:.0f} 秒内没有应答({self.client.base_url},{why}):它似乎没有运行。"
                    f"The door {self.name} seems away."
                )
            self.repeats += 1
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def now(self) -> datetime:
        """Return what time it is at the door, once it can work."""
        return parsedate_to_datetime(expect(self.send("GET", "/readyz"), 200).headers["Date"])


@dataclass(frozen=True)
class Staff:
    """Somebody signed in."""

    intake: Door
    reporting: Door
    token: str

    def read(self, path: str, **params: Any) -> Json:
        """Return what the intake door answers."""
        return json_of(self.intake.send("GET", path, headers=self._headers(), params=params), 200)

    def report(self, path: str, **params: Any) -> Json:
        """Return what the reporting door answers."""
        return json_of(self.reporting.send("GET", path, headers=self._headers(), params=params), 200)

    def create(self, path: str, body: Json) -> Json:
        """Send a creating POST with a key of its own; return the answer."""
        return json_of(self.intake.send("POST", path, headers=self._headers(**_key()), json=body), 201, 200)

    def upload(self, name: str, content: bytes) -> str:
        """Upload a picture; return its id."""
        files = {"file": (name, content, "image/png")}
        answer = json_of(self.intake.send("POST", "/v1/attachments", headers=self._headers(**_key()), files=files), 201, 200)
        return str(answer["id"])

    def act(self, number: str, action: str, **values: Any) -> Json:
        """Take an action on the ticket as it stands now; return the ticket after it."""
        return json_of(self.attempt(number, action, **values), 200)

    def attempt(self, number: str, action: str, **values: Any) -> httpx.Response:
        """Take an action and return the answer, whatever it is. Look again where somebody was quicker (412), or it is too early (409)."""
        for _ in range(_REREADS):
            seen = expect(self.intake.send("GET", f"/v1/tickets/{number}", headers=self._headers()), 200)
            headers = self._headers(**_key(), **{"If-Match": seen.headers["ETag"]})
            answer = self.intake.send("POST", f"/v1/tickets/{number}/actions", headers=headers, json={"action": action, **values})
            if answer.status_code == httpx.codes.CONFLICT and "Retry-After" in answer.headers:
                time.sleep(float(answer.headers["Retry-After"]))
            elif answer.status_code != httpx.codes.PRECONDITION_FAILED:
                return answer
        return answer

    def _headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **more}


def sign_in(intake: Door, reporting: Door, login: str, password: str) -> Staff:
    """Sign somebody in."""
    answer = intake.send("POST", "/v1/sessions", json={"login": login, "password": password})
    return Staff(intake, reporting, str(json_of(answer, 201)["access_token"]))


@contextmanager
def open_doors(intake_url: str, reporting_url: str, patience: float) -> Iterator[tuple[Door, Door]]:
    """Give the two doors; the connections are closed at the end."""
    timeout = httpx.Timeout(min(_ONE_REQUEST, patience))
    with (
        httpx.Client(base_url=intake_url, timeout=timeout, trust_env=False) as intake,
        httpx.Client(base_url=reporting_url, timeout=timeout, trust_env=False) as reporting,
    ):
        yield Door("intake_api", intake, patience), Door("reporting_api", reporting, patience)


def wait_for(look: Callable[[], T | None], patience: float, away: str) -> T:
    """Return what `look` finds as soon as it finds something; raise StoryError with `away` after `patience` seconds."""
    until, pause = time.monotonic() + patience, _PAUSE / 4
    while (found := look()) is None:
        if time.monotonic() >= until:
            raise StoryError(away)
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE / 2)
    return found


def expect(answer: httpx.Response, *statuses: int) -> httpx.Response:
    """Return `answer`; raise StoryError unless it has one of the statuses."""
    if answer.status_code not in statuses:
        request = answer.request
        told = body_of(answer).get("detail", "")
        raise StoryError(
            f"{request.method} {request.url.path} 应答 {answer.status_code} {code_of(answer)},应为 {'或'.join(map(str, statuses))}:{told}"
        )
    return answer


def json_of(answer: httpx.Response, *statuses: int) -> Json:
    """Return the body of an answer with one of the statuses."""
    return body_of(expect(answer, *statuses))


def body_of(answer: httpx.Response) -> Json:
    """Return the JSON object of an answer; an empty one where there is none."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def code_of(answer: httpx.Response) -> str:
    """Return the stable code of a problem; empty for any other answer."""
    return str(body_of(answer).get("code", "")) if answer.is_error else ""


def _key() -> Mapping[str, str]:
    return {"Idempotency-Key": f'"{uuid4()}"'}
