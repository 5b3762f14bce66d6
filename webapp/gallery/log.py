"""Telling a run's log that drawn networks changed, so that every open gallery is live."""

from webapp.gallery.models import Network
from webapp.runs import events
from webapp.runs.models import Run


def append_networks(run: Run, networks: list[Network]) -> None:
    """Append a `network` event for each, to a locked run's log."""
    from webapp.gallery.api.serializers import NetworkSerializer

    events.append(
        run,
        [
            # A plain copy: events outlive this process, so nothing lazy may be left in them.
            events.Entry("network", {"network": dict(NetworkSerializer(network).data)})
            for network in networks
        ],
    )
