"""Programs sign in with ``Authorization: Bearer <token>``; browsers with Django's session cookie."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from webapp.accounts.actions import note_token_use
from webapp.accounts.models import ApiToken


def token_from_header(header: str) -> ApiToken | None:
    """The token that an Authorization header holds; None when it holds no bearer token.

    Raises:
        AuthenticationFailed: The token is unknown, expired, or its user is inactive.
    """
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer":
        return None
    digest = ApiToken.digest_of(text.strip())
    token = ApiToken.objects.select_related("user").filter(digest=digest).first()
    if token is None or token.expired or not token.user.is_active:
        raise AuthenticationFailed(
            "This token is unknown or has expired; create another under Settings.", code="invalid_token"
        )
    note_token_use(token)
    return token


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request):
        token = token_from_header(request.headers.get("Authorization", ""))
        return (token.user, token) if token else None

    def authenticate_header(self, request) -> str:
        return "Bearer"
