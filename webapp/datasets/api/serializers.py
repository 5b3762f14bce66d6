"""Shapes of datasets."""

from rest_framework import serializers

from webapp.common.serializers import CheckProblemSerializer
from webapp.datasets.models import Dataset


class DatasetSerializer(serializers.ModelSerializer):
    report = serializers.JSONField(read_only=True, allow_null=True, help_text="The engine's health report")
    problems = CheckProblemSerializer(many=True, read_only=True)

    class Meta:
        model = Dataset
        fields = (
            "id",
            "name",
            "state",
            "builtin",
            "task",
            "size_bytes",
            "sha256",
            "report",
            "problems",
            "created_at",
        )
        read_only_fields = [name for name in fields if name != "name"]


class DatasetUploadSerializer(serializers.Serializer):
    file = serializers.FileField(
        help_text="A zip archive: one folder a class, images with masks, or images with boxes (COCO, Pascal VOC, YOLO)"
    )
    name = serializers.CharField(max_length=100, required=False, help_text="Default: the file's name")
