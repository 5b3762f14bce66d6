"""Every read about drawn networks."""

from django.db.models import Max

from webapp.gallery.models import Network
from webapp.runs.models import Run


def networks():
    """Networks with what their JSON needs."""
    return Network.objects.prefetch_related("files")


def next_seed(run: Run) -> int:
    """The lowest seed above all that were drawn from this run."""
    highest = run.networks.aggregate(highest=Max("seed"))["highest"]
    return 0 if highest is None else highest + 1
