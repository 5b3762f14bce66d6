"""Addresses of runs."""

from rest_framework.routers import SimpleRouter

from webapp.runs.api.views import RunViewSet

router = SimpleRouter()
router.register("runs", RunViewSet)

urlpatterns = router.urls
