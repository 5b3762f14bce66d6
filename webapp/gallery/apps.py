"""The app of the gallery: the networks drawn from a run's generator."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "webapp.gallery"
