"""Answers that belong to no app: health, the single page app, and errors outside REST framework's views."""

from django.conf import settings
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from webapp.common.errors import NOT_FOUND, problem_page

NO_BUILD = "The pages of FermiForge have not been built yet: run `make run` in its folder, then reload."


@require_safe
@never_cache
def healthz(request) -> JsonResponse:
    """Whether this process answers and reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
@ensure_csrf_cookie
def single_page_app(request) -> HttpResponse:
    """The page for every address that the browser's side routes by itself."""
    try:
        page = (settings.FRONTEND_DIST / "index.html").read_bytes()
    except FileNotFoundError:
        return HttpResponse(NO_BUILD, status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse(page)


def bad_request(request, exception=None):
    return problem_page(400, "bad_request", "The request could not be read.")


def forbidden(request, exception=None):
    return problem_page(403, "forbidden", str(exception or "You may not do this."))


def csrf_failure(request, reason=""):
    return problem_page(403, "forbidden", f"{reason} Reload the page and try again.")


def unknown_address(request, exception=None):
    return problem_page(404, "not_found", NOT_FOUND)


def internal_error(request):
    return problem_page(500, "internal", "Something went wrong on our side; the server's log says what.")
