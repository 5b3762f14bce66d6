"""Shapes of the session and of API tokens."""

from rest_framework import serializers

from webapp.accounts.models import ApiToken, Role, User


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ("id", "username", "email")


class MembershipSerializer(serializers.Serializer):
    """A workspace that the user is in, with the role there."""

    id = serializers.UUIDField(source="workspace_id")
    name = serializers.CharField(source="workspace.name")
    role = serializers.ChoiceField(choices=Role.choices)


class LimitsSerializer(serializers.Serializer):
    upload_bytes = serializers.IntegerField(help_text="Largest file that may be uploaded")
    workspace_bytes = serializers.IntegerField(help_text="Storage of one workspace")


class SessionSerializer(serializers.Serializer):
    user = UserSerializer(allow_null=True)
    workspaces = MembershipSerializer(many=True)
    workspace = serializers.UUIDField(allow_null=True, help_text="The current one; choose with X-Workspace")
    embedded = serializers.BooleanField(help_text="One person on one machine, signed in without a password")
    csrf_token = serializers.CharField()
    limits = LimitsSerializer()


class SignInSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class TokenSerializer(serializers.ModelSerializer):
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=ApiToken.SCOPES))

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = (
            "id",
            "name",
            "prefix",
            "scopes",
            "created_at",
            "last_used_at",
            "expires_at",
        )


class NewTokenSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiToken.SCOPES),
        required=False,
        allow_empty=False,
        help_text="Without scopes, the token may do all that its user may",
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class CreatedTokenSerializer(TokenSerializer):
    token = serializers.CharField(help_text="Shown this once")

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "token")
