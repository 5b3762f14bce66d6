"""The devices that latency and energy can be required on, as the engine last listed them.

Listing them takes the engine seconds, so a worker asks now and then, and requests read what it found.
"""

import logging
from datetime import timedelta
from functools import cached_property

from django.db import transaction
from django.utils import timezone

from webapp.common import nudge
from webapp.common.engine import run_engine
from webapp.runs.models import Availability, TargetDevice

log = logging.getLogger(__name__)

ASKED_EVERY = timedelta(hours=1)  # the operator may add profiles at any time
FIGURES = (
    "float32_flop_per_s", "int8_op_per_s", "memory_byte_per_s", "memory_bytes", "idle_w", "typical_w", "peak_w",
    "layer_overhead_us", "sources",
)  # fmt: skip


def describe_devices() -> None:
    """Ask the engine for its devices; where it can't tell them, those known before stay."""
    answer = run_engine("devices")
    rows = [line for line in answer.lines if line.get("type") == "device"]
    if answer.code or not rows:
        log.error("The engine's list of devices ended with %s: %s", answer.code, answer.log)
        return
    with transaction.atomic():
        TargetDevice.objects.exclude(name__in=[row["name"] for row in rows]).delete()
        for place, row in enumerate(rows):
            facts = {
                "place": place,
                "title": row["title"],
                "latency_ms": row["latency_ms"],
                "energy_mj": row["energy_mj"],
                "reason": row.get("reason") or "",
                "figures": {name: row[name] for name in FIGURES if row.get(name) is not None},
                "described_at": timezone.now(),
            }
            TargetDevice.objects.update_or_create(name=row["name"], defaults=facts)


def resume_devices() -> None:
    """Have a worker ask again where nothing is known, or what is known is old."""
    if not TargetDevice.objects.filter(described_at__gt=timezone.now() - ASKED_EVERY).exists():
        nudge.now("runs.describe_devices")


class AvailableDevices:
    """Answers why a metric can't be required on a device; looks the devices up at most once."""

    @cached_property
    def _known(self) -> dict[str, TargetDevice]:
        return {device.name: device for device in TargetDevice.objects.all()}

    def why_not(self, metric: str, device: str) -> str | None:
        """A sentence, or None where it can be required; before the first listing, the engine decides alone."""
        if not self._known:
            return None
        usable = [name for name, row in self._known.items() if getattr(row, metric) != Availability.UNAVAILABLE]
        if device in usable:
            return None
        row = self._known.get(device)
        if row is None:
            return f"is {device!r}, which is no device known here; use one of {', '.join(usable)}."
        reason = f" {row.reason}" if metric == "energy_mj" and row.reason else ""
        return f"is {device}, where {metric} can't be measured.{reason} Use one of {', '.join(usable)}."
