"""What every part of the web application shares."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "webapp.common"
