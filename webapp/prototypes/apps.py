"""Networks to start from: the built-in zoo and uploaded ONNX files."""

from django.apps import AppConfig


class PrototypesConfig(AppConfig):
    name = "webapp.prototypes"
