"""Shapes that several apps share."""

from rest_framework import serializers


class CheckProblemSerializer(serializers.Serializer):
    """What the engine's check found."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "warning"])
    message = serializers.CharField()
    files = serializers.ListField(child=serializers.CharField())


class RenameSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=100)
