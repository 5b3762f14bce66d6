"""The gallery over REST: ask for draws, list, look, download."""

from django.db.models import FloatField, Value
from django.db.models.functions import Cast, Coalesce
from django.http import FileResponse
from django.utils.text import slugify
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response

from webapp.common.errors import Problem
from webapp.common.pagination import Cursor
from webapp.gallery import actions, queries
from webapp.gallery.api.serializers import DrawSerializer, NetworkSerializer, NetworksSerializer, PredictionsSerializer
from webapp.gallery.models import Network, NetworkState
from webapp.runs.models import Run

ORDERINGS = ("created_at", "netscore", "params", "macs", "value", "seed", "size_mb", "latency_ms")
PLACE = "place"  # what stands for the value in the database's order


class NetworkFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=NetworkState.choices)

    class Meta:
        model = Network
        fields = {
            "verified": ["exact"],
            "params": ["lte", "gte"],
            "macs": ["lte", "gte"],
            "value": ["lte", "gte"],
            "netscore": ["lte", "gte"],
            "seed": ["exact"],
        }


class GalleryCursor(Cursor):
    """Pages in the order asked for; networks without the value (still drawing) come last."""

    def paginate_queryset(self, queryset, request, view=None):
        wanted = request.query_params.get("ordering", "").strip()
        name = wanted.removeprefix("-")
        if name in ORDERINGS and Network._meta.get_field(name).null:
            last = Value(-1e308 if wanted.startswith("-") else 1e308)
            place = Coalesce(Cast(name, FloatField()), last, output_field=FloatField())
            queryset = queryset.annotate(**{PLACE: place})
        return super().paginate_queryset(queryset, request, view)

    def get_ordering(self, request, queryset, view) -> tuple[str, ...]:
        wanted = request.query_params.get("ordering", "").strip()
        if not wanted:
            return self.ordering
        name = wanted.removeprefix("-")
        if name not in ORDERINGS:
            message = f"ordering is {wanted!r}; use one of {', '.join(ORDERINGS)}, with - for descending."
            raise Problem(400, "unknown_ordering", message, "/ordering")
        if PLACE in queryset.query.annotations:
            wanted = wanted.replace(name, PLACE)
        return wanted, "-created_at", "-id"


@extend_schema_view(
    get=extend_schema(
        summary="The networks drawn from a run",
        parameters=[OpenApiParameter("ordering", str, description=f"One of {', '.join(ORDERINGS)}; - for descending")],
        responses=NetworkSerializer(many=True),
    )
)
class RunNetworks(generics.ListAPIView):
    serializer_class = NetworkSerializer
    pagination_class = GalleryCursor
    filterset_class = NetworkFilter
    queryset = queries.networks()

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset().none()
        return super().get_queryset().filter(run=self._run())

    @extend_schema(request=DrawSerializer, responses={202: NetworksSerializer})
    def post(self, request, run_id) -> Response:
        """Ask for networks; each row is there at once and becomes ready as it is drawn."""
        run = self._run()
        form = DrawSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        networks = actions.draw_networks(run=run, user=request.user, **form.validated_data)
        results = self.get_serializer(networks, many=True).data
        return Response({"results": results}, status=status.HTTP_202_ACCEPTED)

    def _run(self) -> Run:
        run = generics.get_object_or_404(Run.objects.visible_to(self.request.user), pk=self.kwargs["run_id"])
        if self.request.method not in SAFE_METHODS:
            self.check_object_permissions(self.request, run)
        return run


class _NetworkView(generics.GenericAPIView):
    queryset = queries.networks()
    filter_backends = ()
    serializer_class = NetworkSerializer

    def get_queryset(self):
        return super().get_queryset().visible_to(self.request.user)


class NetworkDetail(_NetworkView):
    def get(self, request, pk) -> Response:
        """One network."""
        return Response(self.get_serializer(self.get_object()).data)


class NetworkDownload(_NetworkView):
    @extend_schema(
        parameters=[OpenApiParameter("format", str, required=True, description="One of its formats")],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request, pk) -> FileResponse:
        """One of a network's files."""
        network = self.get_object()
        wanted = request.query_params.get("format", "")
        file = network.file(wanted)
        if file is None:
            formats = ", ".join(sorted(file.format for file in network.files.all()))
            mend = f"use one of {formats}." if formats else "it has no files yet."
            raise Problem(404, "format_unavailable", f"This network is not there as {wanted!r}; {mend}", "/format")
        name = f"{slugify(network.run.name)[:60] or 'network'}-seed{network.seed}.{file.suffix}"
        return FileResponse(file.open(), as_attachment=True, filename=name, content_type="application/octet-stream")


class NetworkPredictions(_NetworkView):
    @extend_schema(responses=PredictionsSerializer)
    def get(self, request, pk) -> FileResponse:
        """What a network says of some test images, to be shown over them."""
        file = self.get_object().file("predictions")
        if file is None:
            message = "This network has no predictions to show: it isn't ready, or was drawn before they were kept."
            raise Problem(404, "no_predictions", message)
        return FileResponse(file.open(), content_type="application/json")
