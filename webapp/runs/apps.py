"""The app of the runs: synthesis from request to result."""

from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "webapp.runs"
