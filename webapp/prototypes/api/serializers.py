"""Shapes of prototypes."""

from rest_framework import serializers

from webapp.common.serializers import CheckProblemSerializer
from webapp.prototypes.models import Prototype


class PrototypeSerializer(serializers.ModelSerializer):
    input = serializers.ListField(
        child=serializers.IntegerField(),
        read_only=True,
        allow_null=True,
        help_text="[channels, height, width]",
    )
    report = serializers.JSONField(read_only=True, allow_null=True, help_text="The engine's inspection")
    problems = CheckProblemSerializer(many=True, read_only=True)

    class Meta:
        model = Prototype
        fields = (
            "id",
            "name",
            "state",
            "source",
            "zoo",
            "task",
            "size_bytes",
            "sha256",
            "params",
            "macs",
            "input",
            "classes",
            "report",
            "problems",
            "created_at",
        )
        read_only_fields = [name for name in fields if name != "name"]


class PrototypeUploadSerializer(serializers.Serializer):
    file = serializers.FileField(help_text="An .onnx file")
    name = serializers.CharField(max_length=100, required=False, help_text="Default: the file's name")
