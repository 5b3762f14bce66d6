"""Addresses of prototypes."""

from rest_framework.routers import SimpleRouter

from webapp.prototypes.api.views import PrototypeViewSet

router = SimpleRouter()
router.register("prototypes", PrototypeViewSet)

urlpatterns = router.urls
