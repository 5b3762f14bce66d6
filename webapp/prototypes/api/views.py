"""Prototypes over REST: upload, look, rename, delete."""

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.response import Response

from webapp.accounts.queries import current_workspace
from webapp.common.serializers import RenameSerializer
from webapp.common.views import WorkspaceViewSet
from webapp.prototypes import actions
from webapp.prototypes.api.serializers import PrototypeSerializer, PrototypeUploadSerializer
from webapp.prototypes.models import Prototype


class PrototypeViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, WorkspaceViewSet):
    queryset = Prototype.objects.all()
    serializer_class = PrototypeSerializer
    parser_classes = (MultiPartParser, JSONParser)
    filterset_fields = ("state", "source")

    @extend_schema(request={"multipart/form-data": PrototypeUploadSerializer}, responses={201: PrototypeSerializer})
    def create(self, request) -> Response:
        """Upload a prototype; it is checked in the background."""
        form = PrototypeUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        prototype = actions.upload_prototype(
            workspace=current_workspace(request),
            user=request.user,
            upload=form.validated_data["file"],
            name=form.validated_data.get("name", ""),
        )
        return Response(self.get_serializer(prototype).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RenameSerializer)
    def partial_update(self, request, pk=None) -> Response:
        """Rename a prototype."""
        prototype = self.get_object()
        form = RenameSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        prototype = actions.rename_prototype(prototype=prototype, user=request.user, **form.validated_data)
        return Response(self.get_serializer(prototype).data)

    def destroy(self, request, pk=None) -> Response:
        """Delete a prototype; refused while a run that is not over uses it."""
        actions.delete_prototype(prototype=self.get_object(), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
