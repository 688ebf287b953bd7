"""Files that pages are made of: style, script, pictures. No login: there is nothing in them but what everybody may have."""

from starlette.requests import Request
from starlette.responses import Response

from reporting_api.pages import PAGES
from services.web.routes import door_router

router = door_router(tags=["pages"])


@router.get("/pages/{path:path}", include_in_schema=False)
async def read_file(request: Request, path: str) -> Response:
    """Return a file; what its address says about its age decides how long a browser keeps it."""
    return PAGES.file(request, path)


@router.get("/dashboard", include_in_schema=False)
async def read_dashboard(request: Request) -> Response:
    """Return the dashboard: an empty page that signs in and asks for its figures itself."""
    return PAGES.page(request, "dashboard.html")
