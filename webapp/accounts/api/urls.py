"""Addresses of the session and of API tokens."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from webapp.accounts.api.views import SessionView, TokenViewSet

router = SimpleRouter()
router.register("tokens", TokenViewSet, basename="token")

urlpatterns = [path("session/", SessionView.as_view(), name="session"), *router.urls]
