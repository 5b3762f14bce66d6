"""Prototype graph -> labels that hold: label, make the sizes follow, try, and freeze what doesn't follow."""

from torch import fx

from engine.elastic.agreement import find_disagreement
from engine.elastic.follow import make_followers
from engine.elastic.labels import Labelling, label_graph
from engine.errors import RequestError


def label_channels(graph_module: fx.GraphModule) -> Labelling:
    """Label every channel of a recorded graph (see :func:`engine.elastic.trace.trace`).

    Args:
        graph_module: Its movement of channels is rewritten so that the sizes follow; what it computes stays the same.

    Returns:
        The leaves' labels, and the reasons for what is frozen.

    Raises:
        RequestError: ``bad_prototype`` when a part's sizes don't follow although everything around it is frozen.
    """
    refused: dict[str, str] = {}
    while True:
        labelling = label_graph(graph_module, refused)
        changed, trouble = make_followers(graph_module, labelling)
        if not trouble:
            if changed:
                labelling = label_graph(graph_module, refused)
            trouble = find_disagreement(graph_module, labelling)
        if not trouble:
            return labelling
        if set(trouble) <= set(refused):
            reason = "; ".join(f"{name}: {why}" for name, why in trouble.items())
            raise RequestError(
                "bad_prototype",
                f"The prototype has a part whose channels can't be told apart ({reason}); give one without it.",
                "prototype",
            )
        refused.update(trouble)
