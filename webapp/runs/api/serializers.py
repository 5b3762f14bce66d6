"""Shapes of runs and of their events."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.runs import limits
from webapp.runs.metrics import COSTS, ON_A_DEVICE, TASK_METRICS
from webapp.runs.models import Run, TargetDevice
from webapp.runs.states import FailureKind

NETSCORE = {"name": "netscore", "alpha": 2.0, "beta": 0.5, "gamma": 0.5}
ACTIONS = ("pause", "resume", "cancel")
METRICS = [*(metric for metrics in TASK_METRICS.values() for metric in metrics), *COSTS]


class RequirementSerializer(serializers.Serializer):
    """A condition that each network must meet."""

    metric = serializers.CharField(max_length=40, help_text=f"One of {', '.join(METRICS)}")
    op = serializers.CharField(max_length=2, help_text=">= for task metrics, <= for costs")
    value = serializers.FloatField()
    device = serializers.CharField(
        max_length=60,
        required=False,
        help_text=f"For {' and '.join(ON_A_DEVICE)}: where it holds, one of /devices/; by default this machine (cpu)",
    )


class ObjectiveSerializer(serializers.Serializer):
    """What is maximised while the requirements hold: NetScore with its exponents."""

    name = serializers.ChoiceField(choices=["netscore"], default=NETSCORE["name"])
    alpha = serializers.FloatField(min_value=0, max_value=10, default=NETSCORE["alpha"])
    beta = serializers.FloatField(min_value=0, max_value=10, default=NETSCORE["beta"])
    gamma = serializers.FloatField(min_value=0, max_value=10, default=NETSCORE["gamma"])


class NamedSerializer(serializers.Serializer):
    id = serializers.UUIDField(allow_null=True, help_text="null once it was deleted")
    name = serializers.CharField()


class DeviceSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=["cpu", "cuda"])
    name = serializers.CharField()
    threads = serializers.IntegerField(allow_null=True)


class FailureSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=FailureKind.choices)
    code = serializers.CharField()
    message = serializers.CharField()


class PrototypePointSerializer(serializers.Serializer):
    """The prototype's measures; all but the task metric are unknown until it is trained."""

    params = serializers.IntegerField(required=False)
    macs = serializers.IntegerField(required=False)
    value = serializers.FloatField(allow_null=True, help_text="The run's metric: test once trained, else validation")
    netscore = serializers.FloatField(required=False)
    information_density = serializers.FloatField(required=False)


class BestDesignSerializer(serializers.Serializer):
    """The best design so far; it may not meet the requirements yet."""

    k = serializers.IntegerField(help_text="The cycle that tried it")
    seed = serializers.IntegerField()
    budget = serializers.FloatField()
    params = serializers.IntegerField()
    macs = serializers.IntegerField()
    value = serializers.FloatField(help_text="The run's metric, on search validation")
    netscore = serializers.FloatField()
    meets = serializers.BooleanField()


class SummarySerializer(serializers.Serializer):
    """What the event log amounts to; `webapp/runs/summary.py` folds it."""

    phase = serializers.ChoiceField(
        choices=["waiting", "started", "resumed", "prototype", "cycles", "certified", "finished", "stopped"]
    )
    phase_fraction = serializers.FloatField(required=False)
    fraction = serializers.FloatField(help_text="Of the whole run, 0 to 1")
    remaining_s = serializers.FloatField(allow_null=True)
    cycle = serializers.IntegerField()
    t = serializers.FloatField(help_text="Seconds of synthesis at the last report")
    prototype = PrototypePointSerializer(allow_null=True)
    best = BestDesignSerializer(allow_null=True)
    yield_estimate = serializers.FloatField(allow_null=True)
    certified = serializers.JSONField(allow_null=True, help_text="The certificate, as the event reports it")
    outcome = serializers.JSONField(allow_null=True, help_text="status, cycles, wall_s, nearest")


class RunSerializer(serializers.ModelSerializer):
    prototype = serializers.SerializerMethodField()
    dataset = serializers.SerializerMethodField()
    metric = serializers.CharField(help_text="The task metric that it is about")
    requirements = RequirementSerializer(many=True)
    objective = ObjectiveSerializer()
    device = DeviceSerializer(allow_null=True)
    failure = FailureSerializer(allow_null=True)
    elapsed_s = serializers.FloatField(help_text="Seconds that workers have spent on it")
    actions = serializers.ListField(child=serializers.ChoiceField(choices=ACTIONS), help_text="Legal now")
    summary = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = (
            "id",
            "name",
            "state",
            "desired_state",
            "attempt",
            "prototype",
            "dataset",
            "task",
            "metric",
            "requirements",
            "objective",
            "time_budget_s",
            "max_cycles",
            "seed",
            "target_yield",
            "confidence",
            "device",
            "failure",
            "summary",
            "last_seq",
            "created_at",
            "started_at",
            "finished_at",
            "elapsed_s",
            "actions",
        )
        read_only_fields = fields

    @extend_schema_field(NamedSerializer)
    def get_prototype(self, run: Run) -> dict:
        return _named(run.prototype, run.prototype_name)

    @extend_schema_field(NamedSerializer)
    def get_dataset(self, run: Run) -> dict:
        return _named(run.dataset, run.dataset_name)

    @extend_schema_field(SummarySerializer)
    def get_summary(self, run: Run) -> dict:
        return run.summary


class RunCreateSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    prototype = serializers.UUIDField()
    dataset = serializers.UUIDField()
    requirements = RequirementSerializer(many=True)
    objective = ObjectiveSerializer(default=dict)
    time_budget_s = serializers.IntegerField(
        min_value=limits.TIME_BUDGET_S[0], max_value=limits.TIME_BUDGET_S[1], allow_null=True, default=120
    )
    max_cycles = serializers.IntegerField(
        min_value=limits.MAX_CYCLES[0], max_value=limits.MAX_CYCLES[1], allow_null=True, default=None
    )
    seed = serializers.IntegerField(min_value=0, max_value=limits.SEED_MAX, default=0)
    target_yield = serializers.FloatField(min_value=0.01, max_value=0.999, default=0.95)
    confidence = serializers.FloatField(
        min_value=limits.CONFIDENCE[0],
        max_value=limits.CONFIDENCE[1],
        default=0.95,
        help_text="With which an accepted network meets its task metric on new data; 0.5 means no safety margin",
    )

    def validate_objective(self, objective: dict) -> dict:
        return {**NETSCORE, **objective}


class SourceSerializer(serializers.Serializer):
    """Where figures of a device are published."""

    document = serializers.CharField()
    url = serializers.CharField()
    figures = serializers.CharField()


class FiguresSerializer(serializers.Serializer):
    """What is published of a device; for this machine, nothing."""

    float32_flop_per_s = serializers.FloatField(required=False)
    int8_op_per_s = serializers.FloatField(required=False)
    memory_byte_per_s = serializers.FloatField(required=False)
    memory_bytes = serializers.FloatField(required=False)
    idle_w = serializers.FloatField(required=False)
    typical_w = serializers.FloatField(required=False)
    peak_w = serializers.FloatField(required=False)
    layer_overhead_us = serializers.FloatField(required=False)
    sources = SourceSerializer(many=True, required=False)


class TargetDeviceSerializer(serializers.ModelSerializer):
    """A device that latency or energy can be required on."""

    reason = serializers.CharField(help_text="Why energy can't be measured; empty where it can, or is estimated")
    figures = FiguresSerializer()

    class Meta:
        model = TargetDevice
        fields = ("name", "title", "latency_ms", "energy_mj", "reason", "figures")


class RunEventSerializer(serializers.Serializer):
    """One entry of a run's log."""

    seq = serializers.IntegerField()
    type = serializers.CharField(
        help_text="run_started, prototype_progress, prototype_ready, cycle, insight, checkpoint, certified, "
        "finished, failed (from the engine); state, network, log (from the web application)"
    )
    t = serializers.FloatField(help_text="Seconds of synthesis when it was reported")
    payload = serializers.DictField(child=serializers.JSONField(allow_null=True))
    created_at = serializers.DateTimeField()


class EventPageSerializer(serializers.Serializer):
    results = RunEventSerializer(many=True)
    last_seq = serializers.IntegerField(help_text="The newest event of the log")
    next_after = serializers.IntegerField(help_text="What to send as `after` for the next page")


class EventQuerySerializer(serializers.Serializer):
    after = serializers.IntegerField(min_value=0, max_value=2**62, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=200)


def _named(thing, name: str) -> dict:
    return {"id": str(thing.pk), "name": thing.name} if thing else {"id": None, "name": name}
