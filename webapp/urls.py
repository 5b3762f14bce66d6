"""Every address of the site: the REST API, its documentation, the admin, and the single page app."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from webapp.common import pages

api = [
    path("", include("webapp.accounts.api.urls")),
    path("", include("webapp.datasets.api.urls")),
    path("", include("webapp.prototypes.api.urls")),
    path("", include("webapp.runs.api.urls")),
    path("", include("webapp.gallery.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]

urlpatterns = [
    path("healthz", pages.healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("api/v1/", include(api)),
    re_path(r"^(?:api|ws|static)/", pages.unknown_address),
    re_path(r"", pages.single_page_app, name="app"),
]

handler400 = "webapp.common.pages.bad_request"
handler403 = "webapp.common.pages.forbidden"
handler404 = "webapp.common.pages.unknown_address"
handler500 = "webapp.common.pages.internal_error"
