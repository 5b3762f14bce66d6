"""Turns every exception that leaves one of REST framework's views into application/problem+json."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from webapp.common.errors import CONTENT_TYPE, NOT_FOUND, Problem, problem_body


def problem_response(error: Exception, context: dict) -> Response | None:
    """REST framework's exception handler; None lets an error of ours become a 500."""
    headers = {}
    if isinstance(error, Problem):
        body = problem_body(error.status, error.code, error.detail, error.pointer)
    elif isinstance(error, exceptions.ValidationError):
        errors = list(_field_errors(error.detail))
        first = errors[0]
        body = problem_body(400, "invalid", first["detail"], first["pointer"], errors)
    elif isinstance(error, Http404 | exceptions.NotFound):
        body = problem_body(404, "not_found", NOT_FOUND)
    elif isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        body = problem_body(403, "forbidden", str(error) or "You may not do this.")
    elif isinstance(error, exceptions.APIException):
        body = problem_body(error.status_code, error.get_codes(), str(error.detail))
        if wait := getattr(error, "wait", None):
            headers["Retry-After"] = str(int(wait))
        if challenge := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = challenge
    else:
        return None
    set_rollback()
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _field_errors(detail, pointer: str = ""):
    """Flatten REST framework's nested messages into one entry for each."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _field_errors(inner, pointer if name == "non_field_errors" else f"{pointer}/{name}")
    elif isinstance(detail, list):
        nested = any(isinstance(inner, dict | list) for inner in detail)
        for index, inner in enumerate(detail):
            yield from _field_errors(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield {"code": detail.code, "detail": str(detail), "pointer": pointer or None}
