"""Shapes of drawn networks."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.gallery.models import Network
from webapp.runs import limits
from webapp.runs.metrics import TASK_METRICS


class VerdictSerializer(serializers.Serializer):
    """One requirement, and what this network measures against it."""

    metric = serializers.CharField()
    device = serializers.CharField(required=False, help_text="Where latency and energy hold")
    op = serializers.CharField()
    value = serializers.FloatField()
    measured = serializers.FloatField(allow_null=True)
    verdict = serializers.BooleanField(allow_null=True)
    margin = serializers.FloatField(allow_null=True)
    estimated = serializers.BooleanField(required=False, help_text="True where the device is a profile")


class EnergySerializer(serializers.Serializer):
    """Measured energy on the device that drew the network, or a sentence that says why there is none."""

    device = serializers.CharField()
    energy_mj = serializers.FloatField(required=False, help_text="For one image")
    images_per_joule = serializers.FloatField(required=False)
    unavailable = serializers.CharField(required=False)


class FiguresOfDeviceSerializer(serializers.Serializer):
    latency_ms = serializers.FloatField()
    energy_mj = serializers.FloatField(help_text="For one image")
    images_per_joule = serializers.FloatField()


class EstimateSerializer(FiguresOfDeviceSerializer):
    """What a network would take on a device in float32, from published figures; in int8 where there are some."""

    estimated = serializers.BooleanField()
    int8 = FiguresOfDeviceSerializer(required=False)


class DesignSerializer(serializers.Serializer):
    widths = serializers.DictField(child=serializers.IntegerField(), help_text="Channel group → width")
    blocks_removed = serializers.ListField(child=serializers.CharField())


class NetworkProblemSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()


class NetworkSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(read_only=True)
    run = serializers.SerializerMethodField()
    fingerprint = serializers.SerializerMethodField()
    metrics = serializers.SerializerMethodField()
    requirements = serializers.SerializerMethodField()
    energy = serializers.SerializerMethodField()
    estimates = serializers.SerializerMethodField(help_text="Device → estimate")
    design = serializers.SerializerMethodField()
    formats = serializers.SerializerMethodField(help_text="What can be downloaded")
    problem = NetworkProblemSerializer(allow_null=True, read_only=True)

    class Meta:
        model = Network
        fields = (
            "id",
            "run",
            "state",
            "seed",
            "budget",
            "polish_s",
            "fingerprint",
            "params",
            "macs",
            "metrics",
            "netscore",
            "information_density",
            "requirements",
            "verified",
            "attempts",
            "draw_s",
            "size_mb",
            "activation_mb",
            "latency_ms",
            "energy",
            "estimates",
            "design",
            "formats",
            "problem",
            "created_at",
        )
        read_only_fields = fields

    def get_run(self, network: Network) -> str:
        return str(network.run_id)

    def get_fingerprint(self, network: Network) -> str | None:
        return network.fingerprint or None

    @extend_schema_field(
        serializers.DictField(
            child=serializers.DictField(child=serializers.FloatField()),
            allow_null=True,
            help_text="Split → metric → value",
        )
    )
    def get_metrics(self, network: Network) -> dict | None:
        return network.metrics

    @extend_schema_field(VerdictSerializer(many=True))
    def get_requirements(self, network: Network) -> list[dict]:
        return network.requirements

    @extend_schema_field(EnergySerializer(allow_null=True))
    def get_energy(self, network: Network) -> dict | None:
        return network.energy

    @extend_schema_field(serializers.DictField(child=EstimateSerializer()))
    def get_estimates(self, network: Network) -> dict:
        return network.estimates

    @extend_schema_field(DesignSerializer(allow_null=True))
    def get_design(self, network: Network) -> dict | None:
        return network.design

    def get_formats(self, network: Network) -> list[str]:
        return sorted(file.format for file in network.files.all())


class PictureSerializer(serializers.Serializer):
    """A test image as the network sees it, what is on it, and what the network says; by the task:

    classification: `truth` is the class's number, `prediction` {class, scores: [{class, score}, …], the best three};
    segmentation: both are {mask: a PNG in the classes' colours, as a data address};
    detection: both are [{class, box: [x1, y1, x2, y2] in pixels}, …], predictions each with its `score`.
    """

    image = serializers.CharField(help_text="A PNG as a data address")
    truth = serializers.JSONField()
    prediction = serializers.JSONField()


class PredictionsSerializer(serializers.Serializer):
    task = serializers.ChoiceField(choices=list(TASK_METRICS))
    classes = serializers.ListField(child=serializers.CharField())
    colours = serializers.ListField(child=serializers.CharField(), help_text="#rrggbb, one a class")
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    images = PictureSerializer(many=True)


class DrawSerializer(serializers.Serializer):
    seed = serializers.IntegerField(
        min_value=0,
        max_value=limits.SEED_MAX,
        allow_null=True,
        default=None,
        help_text="Default: the next unused",
    )
    budget = serializers.FloatField(
        min_value=0,
        max_value=1,
        allow_null=True,
        default=None,
        help_text="Default: the best of the certified range",
    )
    count = serializers.IntegerField(min_value=1, max_value=limits.DRAWS_AT_ONCE, default=1)
    polish_s = serializers.FloatField(min_value=0, max_value=limits.POLISH_S_MAX, default=0)


class NetworksSerializer(serializers.Serializer):
    results = NetworkSerializer(many=True)
