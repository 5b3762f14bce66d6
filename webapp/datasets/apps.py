"""Uploaded and built-in datasets, checked before use."""

from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    name = "webapp.datasets"
