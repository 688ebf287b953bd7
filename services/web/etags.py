"""Versions as strong entity tags: ``ETag: "7"`` going out, ``If-Match: "7"`` coming back (RFC 9110, RFC 6585)."""

import re
from collections.abc import Callable
from typing import Annotated

from fastapi import Header

from services.platform.errors import PreconditionFailed, PreconditionRequired, Problem

_TAG = re.compile(r'(?P<weak>W/)?"(?P<version>[0-9]{1,9})"')


def etag(version: int) -> str:
    """Return the strong entity tag of `version`."""
    return f'"{version}"'


def if_match(*, required: bool = True) -> Callable[..., int | None]:
    """Return a dependency that gives the version of ``If-Match``; None for ``*`` and, where not `required`, for none.

    Missing where required is 428, a weak tag 412 (it never matches strongly), anything else that is not one tag 400.
    """

    def read(
        if_match: Annotated[
            str | None,
            Header(
                description='The version the change was decided on, as its `ETag` said: `"7"`.' + (" Required." if required else ""),
                examples=['"1"'],
            ),
        ] = None,
    ) -> int | None:
        if if_match is None:
            if required:
                raise PreconditionRequired("precondition.required", "Read the thing first and send its ETag as If-Match.")
            return None
        return _version(if_match.strip())

    return read


def _version(header: str) -> int | None:
    if header == "*":
        return None
    tag = _TAG.fullmatch(header)
    if tag is None:
        raise Problem("precondition.malformed", 'If-Match must be one entity tag as the ETag header gave it, such as "7".')
    if tag["weak"]:
        raise PreconditionFailed("precondition.weak", "If-Match compares strongly; send the tag without W/.")
    return int(tag["version"])
