"""A client of the Open311 endpoint as tests use it: a key of its own, and both forms read into the same values."""

from dataclasses import dataclass
from typing import Any

from defusedxml.ElementTree import fromstring
from httpx import AsyncClient, Response

from services.connections.directory import forget_connected_systems
from tests.county import sign_in

V2 = "/open311/v2"
CLIENT = {"code": "citizen-app", "kind": "open311", "adapter": "georeport", "name": "随手拍小程序"}
PIPE = {"service_code": "water.pipe_burst", "description": "水管爆了，水漫到路上。", "address_id": "441624108213"}


@dataclass
class Open311:
    """A door and an `api_key`."""

    http: AsyncClient
    key: str

    async def get(self, path: str, *, key: bool = False, **params: str) -> Response:
        """Ask, with one's key where `key`."""
        return await self.http.get(f"{V2}/{path}", params={**({"api_key": self.key} if key else {}), **params})

    async def post(self, path: str = "requests.json", *, key: str | None = None, **sent: Any) -> Response:
        """Send a form; `files` and `headers` go as httpx takes them."""
        more = {name: sent.pop(name) for name in ("files", "headers") if name in sent}
        return await self.http.post(f"{V2}/{path}", data={"api_key": self.key if key is None else key, **sent}, **more)

    async def filed(self, **changes: Any) -> str:
        """File a request; return its id."""
        answer = await self.post(**{**PIPE, **changes})
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()
        return found["service_request_id"]

    async def listed(self, path: str = "requests.json", **params: Any) -> list[dict[str, Any]]:
        """Return what is listed."""
        answer = await self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def connect(http: AsyncClient, **changes: Any) -> Open311:
    """Connect a client and give it its key."""
    made = await http.post("/v1/connections", json={**CLIENT, **changes}, headers=await sign_in(http, "admin"))
    assert made.status_code == 201, made.text
    forget_connected_systems()
    return Open311(http, made.json()["secret"])


def tree(body: bytes | str) -> Any:
    """An XML answer as nested lists of (name, text or children)."""
    return _node(fromstring(body))


def _node(element: Any) -> Any:
    return element.tag, [_node(child) for child in element] or (element.text or "").strip()


ASKING_MORE = {
    "attributes": {
        "roads.damage": [
            {"code": "LANES", "description": "影响几条车道", "datatype": "number", "required": True},
            {
                "code": "KIND",
                "description": "破损类型",
                "datatype": "multivaluelist",
                "values": [{"key": "hole", "name": "坑洞"}, {"key": "crack", "name": "裂缝"}],
            },
            {"code": "SINCE", "description": "发现时间", "datatype": "datetime"},
            {"code": "READ", "description": "夜间请注意安全", "variable": False, "required": True},
        ]
    }
}
