"""Addresses of datasets."""

from rest_framework.routers import SimpleRouter

from webapp.datasets.api.views import DatasetViewSet

router = SimpleRouter()
router.register("datasets", DatasetViewSet)

urlpatterns = router.urls
