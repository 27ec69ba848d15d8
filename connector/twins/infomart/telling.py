"""Reads what a control route is told; a wrong body is told to the caller and changes nothing."""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def telling(
    act: Callable[[Request, Mapping[str, Any]], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """The act with its JSON body read for it; a ValueError is told to the caller as 400."""

    async def endpoint(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")  # noqa: TRY004, TRY301  # told like every other wrong body
            return await act(request, body)
        except (ValueError, TypeError) as wrong:
            return JSONResponse({"error": str(wrong)}, status_code=HTTPStatus.BAD_REQUEST)

    return endpoint
