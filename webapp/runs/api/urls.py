"""Addresses of runs, and of the devices that they can be held to."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from webapp.runs.api.views import RunViewSet, TargetDevices

router = SimpleRouter()
router.register("runs", RunViewSet)

urlpatterns = [*router.urls, path("devices/", TargetDevices.as_view(), name="devices")]
