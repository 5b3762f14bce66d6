"""Who a socket belongs to: a bearer token, the session's user, or in embedded mode this machine's.

Browsers attach cookies to sockets opened by any site but always say which site that is, so an ``Origin`` must
be one of ours; a program without an ``Origin`` holds its credentials itself.
"""

from urllib.parse import urlsplit

from channels.auth import AuthMiddleware
from channels.db import database_sync_to_async
from channels.security.websocket import WebsocketDenier
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http.request import validate_host
from rest_framework.exceptions import AuthenticationFailed

from webapp.accounts.authentication import token_from_header
from webapp.accounts.embedded import local_user


class SocketIdentity:
    """ASGI middleware that sets ``scope["user"]`` (anonymous when nobody is signed in)."""

    def __init__(self, app) -> None:
        self.app = app
        self.with_session = CookieMiddleware(SessionMiddleware(AuthMiddleware(self._with_user)))

    async def __call__(self, scope, receive, send):
        headers = {name.decode("latin1").lower(): value.decode("latin1") for name, value in scope["headers"]}
        if not _origin_allowed(headers.get("origin")):
            return await WebsocketDenier()(scope, receive, send)
        return await self.with_session({**scope, "plain_headers": headers}, receive, send)

    async def _with_user(self, scope, receive, send):
        user = await database_sync_to_async(_user_of)(scope)
        return await self.app({**scope, "user": user}, receive, send)


def _origin_allowed(origin: str | None) -> bool:
    if origin is None:
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = urlsplit(origin).hostname or ""
    return validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS)


def _user_of(scope):
    headers = scope["plain_headers"]
    if "authorization" in headers:
        try:
            token = token_from_header(headers["authorization"])
        except AuthenticationFailed:
            return AnonymousUser()
        return token.user if token and token.allows("read") else AnonymousUser()
    user = scope["user"]
    if user.is_authenticated:
        return user
    address = scope["client"][0] if scope.get("client") else None
    return local_user(address=address, headers=headers) or AnonymousUser()
