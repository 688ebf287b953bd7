"""A FastAPI route that does nothing: the same body, a typed model, no database. What the framework alone costs."""

from fastapi import FastAPI
from pydantic import BaseModel


class Contact(BaseModel):
    """As the real one, without its rules."""

    name: str | None = None
    phone: str | None = None


class Place(BaseModel):
    """As the real one."""

    words: str | None = None
    unit_code: str | None = None


class Call(BaseModel):
    """As the real one."""

    words: str
    call_id: str
    category: str | None = None
    place: Place | None = None
    contact: Contact | None = None


class Filed(BaseModel):
    """An answer of the same size."""

    number: str
    tracking_code: str
    status: str
    call_id: str


app = FastAPI(openapi_url=None)


@app.post("/v1/hotline/complaints", status_code=201)
async def file_nothing(body: Call) -> Filed:
    """Answer as if something had been filed."""
    return Filed(number="20261122-000123-6", tracking_code="K7M3QX5A", status="received", call_id=body.call_id)
