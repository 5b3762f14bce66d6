"""The session and API tokens over REST."""

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from webapp.accounts import actions, queries
from webapp.accounts.api.serializers import (
    CreatedTokenSerializer,
    NewTokenSerializer,
    SessionSerializer,
    SignInSerializer,
    TokenSerializer,
)
from webapp.accounts.models import ApiToken
from webapp.common.errors import Problem


class SignInThrottle(AnonRateThrottle):
    scope = "sign_in"

    def allow_request(self, request, view) -> bool:
        return request.method != "POST" or super().allow_request(request, view)


@method_decorator([never_cache, csrf_protect], name="dispatch")
class SessionView(APIView):
    permission_classes = (AllowAny,)
    throttle_classes = (SignInThrottle,)
    serializer_class = SessionSerializer

    @extend_schema(responses=SessionSerializer)
    def get(self, request) -> Response:
        """Who is signed in, in which workspaces, and what every page needs to know."""
        return Response(self._session(request))

    @extend_schema(request=SignInSerializer, responses=SessionSerializer)
    def post(self, request) -> Response:
        """Sign in."""
        form = SignInSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        user = authenticate(request, **form.validated_data)
        if user is None:
            raise Problem(400, "wrong_credentials", "The user name or the password is wrong; check both.", "/password")
        login(request._request, user)
        request.user = user
        return Response(self._session(request))

    @extend_schema(responses={204: None})
    def delete(self, request) -> Response:
        """Sign out."""
        logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _session(self, request) -> dict:
        memberships = queries.memberships_of(request.user)
        current = queries.current_membership(request, lenient=True)
        session = {
            "user": request.user if request.user.is_authenticated else None,
            "workspaces": memberships,
            "workspace": current.workspace_id if current else None,
            "embedded": settings.EMBEDDED,
            "csrf_token": get_token(request._request),
            "limits": {
                "upload_bytes": settings.UPLOAD_MAX_BYTES,
                "workspace_bytes": settings.WORKSPACE_MAX_BYTES,
            },
        }
        return SessionSerializer(session).data


class TokenViewSet(mixins.ListModelMixin, mixins.DestroyModelMixin, GenericViewSet):
    """API tokens of the signed-in user, managed by the person alone: a token can't make another."""

    permission_classes = (IsAuthenticated,)
    serializer_class = TokenSerializer
    queryset = ApiToken.objects.none()

    def initial(self, request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        if isinstance(request.auth, ApiToken):
            raise Problem(403, "forbidden", "A token can't manage tokens; sign in to the site for that.")

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return queries.tokens_of(self.request.user)

    @extend_schema(request=NewTokenSerializer, responses={201: CreatedTokenSerializer})
    def create(self, request) -> Response:
        form = NewTokenSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        row, token = actions.create_token(user=request.user, **form.validated_data)
        body = {**TokenSerializer(row).data, "token": token}
        return Response(body, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance) -> None:
        actions.delete_token(token=instance, user=self.request.user)
