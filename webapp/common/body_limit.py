"""Refuses a request body that is too large before a byte of it is kept.

Django's ASGI handler writes the whole body to disk before any view runs, so the limit has to stand in front.
"""

import json

from django.conf import settings

from webapp.common.errors import CONTENT_TYPE, problem_body

MULTIPART_OVERHEAD = 64 * 1024


class BodyLimit:
    """ASGI middleware: 413 for a declared length above the limit, 411 where none is declared."""

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        headers = dict(scope["headers"])
        length = headers.get(b"content-length")
        if length is None and b"transfer-encoding" in headers:
            await _refuse(send, 411, "length_required", "Send the request with a Content-Length header.")
        elif length is not None and int(length) > settings.UPLOAD_MAX_BYTES + MULTIPART_OVERHEAD:
            await _refuse(send, 413, "too_large", too_large())
        else:
            await self.app(scope, receive, send)


def too_large() -> str:
    return f"The file is larger than this site takes ({settings.UPLOAD_MAX_BYTES / 2**20:,.0f} MiB)."


async def _refuse(send, status: int, code: str, detail: str) -> None:
    body = json.dumps(problem_body(status, code, detail)).encode()
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})
