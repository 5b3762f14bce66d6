"""How views appear in the OpenAPI document: problem+json as every operation's error answer."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from webapp.common.errors import CONTENT_TYPE


class ProblemEntrySerializer(serializers.Serializer):
    code = serializers.CharField()
    detail = serializers.CharField()
    pointer = serializers.CharField(allow_null=True, help_text="JSON pointer to the field")


class ProblemSerializer(serializers.Serializer):
    """RFC 9457 problem details, with a stable code."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable identifier that programs may rely on")
    detail = serializers.CharField(help_text="What is wrong and what to do")
    pointer = serializers.CharField(allow_null=True)
    errors = ProblemEntrySerializer(many=True)


class Schema(AutoSchema):
    def get_operation(self, *args, **kwargs):
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            problem = self.resolve_serializer(ProblemSerializer, "response")
            operation["responses"]["default"] = {
                "description": "A refusal, with a stable code",
                "content": {CONTENT_TYPE: {"schema": problem.ref}},
            }
        return operation


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "webapp.accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer"}
