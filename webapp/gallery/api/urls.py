"""Addresses of the gallery."""

from django.urls import path

from webapp.gallery.api import views

urlpatterns = [
    path("runs/<uuid:run_id>/networks/", views.RunNetworks.as_view(), name="run-networks"),
    path("networks/<uuid:pk>/", views.NetworkDetail.as_view(), name="network-detail"),
    path("networks/<uuid:pk>/predictions/", views.NetworkPredictions.as_view(), name="network-predictions"),
    path("networks/<uuid:pk>/download/", views.NetworkDownload.as_view(), name="network-download"),
]
