"""Datasets over REST: upload, look, rename, delete."""

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.response import Response

from webapp.accounts.queries import current_workspace
from webapp.common.serializers import RenameSerializer
from webapp.common.views import WorkspaceViewSet
from webapp.datasets import actions
from webapp.datasets.api.serializers import DatasetSerializer, DatasetUploadSerializer
from webapp.datasets.models import Dataset


class DatasetViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, WorkspaceViewSet):
    queryset = Dataset.objects.all()
    serializer_class = DatasetSerializer
    parser_classes = (MultiPartParser, JSONParser)
    filterset_fields = ("state", "task")

    @extend_schema(request={"multipart/form-data": DatasetUploadSerializer}, responses={201: DatasetSerializer})
    def create(self, request) -> Response:
        """Upload a dataset; it is checked in the background."""
        form = DatasetUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        dataset = actions.upload_dataset(
            workspace=current_workspace(request),
            user=request.user,
            upload=form.validated_data["file"],
            name=form.validated_data.get("name", ""),
        )
        return Response(self.get_serializer(dataset).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RenameSerializer)
    def partial_update(self, request, pk=None) -> Response:
        """Rename a dataset."""
        dataset = self.get_object()
        form = RenameSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        dataset = actions.rename_dataset(dataset=dataset, user=request.user, **form.validated_data)
        return Response(self.get_serializer(dataset).data)

    def destroy(self, request, pk=None) -> Response:
        """Delete a dataset; refused while a run that is not over uses it."""
        actions.delete_dataset(dataset=self.get_object(), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
