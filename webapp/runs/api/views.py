"""Runs over REST: create, look, steer, and read the event log."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, mixins, status
from rest_framework.decorators import action
from rest_framework.response import Response

from webapp.accounts.queries import current_workspace
from webapp.common.errors import Problem
from webapp.common.pagination import Cursor
from webapp.common.views import WorkspaceViewSet
from webapp.datasets.models import Dataset
from webapp.prototypes.models import Prototype
from webapp.runs import actions, queries
from webapp.runs.api.serializers import (
    EventPageSerializer,
    EventQuerySerializer,
    RunCreateSerializer,
    RunSerializer,
    TargetDeviceSerializer,
)
from webapp.runs.models import Run, TargetDevice
from webapp.runs.states import State

KEY_MAX = 200


class RunFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=State.choices)

    class Meta:
        model = Run
        fields = ("state", "dataset", "prototype")


class RunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, WorkspaceViewSet):
    queryset = queries.runs()
    serializer_class = RunSerializer
    filterset_class = RunFilter

    @extend_schema(
        request=RunCreateSerializer,
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="The same key with the same request answers with the run that it made before.",
            )
        ],
        responses={
            201: OpenApiResponse(RunSerializer, "Created and queued"),
            200: OpenApiResponse(RunSerializer, "The run that this Idempotency-Key made before"),
        },
    )
    def create(self, request) -> Response:
        """Create a run and queue it."""
        form = RunCreateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        key = request.headers.get("Idempotency-Key", "").strip()
        if len(key) > KEY_MAX:
            raise Problem(400, "bad_idempotency_key", f"The Idempotency-Key may have at most {KEY_MAX} characters.")
        workspace = current_workspace(request)
        run, created = actions.create_run(
            user=request.user,
            workspace=workspace,
            prototype=_mine(Prototype, request.user, workspace, wanted.pop("prototype")),
            dataset=_mine(Dataset, request.user, workspace, wanted.pop("dataset")),
            requirements=[dict(requirement) for requirement in wanted.pop("requirements")],
            idempotency_key=key,
            **wanted,
        )
        return Response(
            self.get_serializer(run).data, status=status.HTTP_201_CREATED if created else status.HTTP_200_OK
        )

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request, pk=None) -> Response:
        """Ask for a pause; the state becomes PAUSED once the checkpoint is saved."""
        return self._steered(actions.pause_run)

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request, pk=None) -> Response:
        """Queue a paused run again; it goes on from its checkpoint."""
        return self._steered(actions.resume_run)

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request, pk=None) -> Response:
        """End a run for good."""
        return self._steered(actions.cancel_run)

    @extend_schema(parameters=[EventQuerySerializer], responses=EventPageSerializer, filters=False)
    @action(detail=True, pagination_class=None, filter_backends=[])
    def events(self, request, pk=None) -> Response:
        """The event log after a number, oldest first."""
        run = self.get_object()
        query = EventQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        after = query.validated_data["after"]
        rows = queries.events_after(run.pk, after, query.validated_data["limit"])
        return Response(
            {
                "results": [row.as_json() for row in rows],
                "last_seq": max(run.last_seq, rows[-1].seq if rows else 0),
                "next_after": rows[-1].seq if rows else after,
            }
        )

    def _steered(self, act) -> Response:
        run = act(run=self.get_object(), user=self.request.user)
        return Response(self.get_serializer(run).data)


class DeviceCursor(Cursor):
    ordering = ("place", "name")


class TargetDevices(generics.ListAPIView):
    """The devices that a requirement on latency or energy can name, this machine's first."""

    queryset = TargetDevice.objects.all()
    serializer_class = TargetDeviceSerializer
    pagination_class = DeviceCursor


def _mine(model, user, workspace, row_id):
    """The dataset or prototype of this workspace that the request names."""
    kind = model._meta.model_name
    row = model.objects.visible_to(user).filter(workspace=workspace, pk=row_id).first()
    if row is None:
        raise Problem(
            400, f"{kind}_not_found", f"This workspace has no such {kind}; choose one of its own.", f"/{kind}"
        )
    return row
