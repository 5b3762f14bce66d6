"""Errors of the REST API: every one is application/problem+json with a stable code (RFC 9457)."""

from http import HTTPStatus

from django.http import JsonResponse

CONTENT_TYPE = "application/problem+json"
NOT_FOUND = "Nothing is at this address, or it belongs to a workspace that you are not in."


class Problem(Exception):
    """A refusal that a user can act on.

    Args:
        status: HTTP status.
        code: Stable identifier that programs may rely on, such as ``"in_use"``.
        detail: One sentence: what is wrong and what to do.
        pointer: JSON pointer to the field of the request, such as ``"/name"``.
    """

    def __init__(self, status: int, code: str, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.pointer = status, code, detail, pointer


def problem_body(
    status: int, code: str, detail: str, pointer: str | None = None, errors: list[dict] | None = None
) -> dict:
    if errors is None:
        errors = [{"code": code, "detail": detail, "pointer": pointer}]
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "pointer": pointer,
        "errors": errors,
    }


def problem_page(status: int, code: str, detail: str) -> JsonResponse:
    """The same answer from outside REST framework's views."""
    return JsonResponse(problem_body(status, code, detail), status=status, content_type=CONTENT_TYPE)
