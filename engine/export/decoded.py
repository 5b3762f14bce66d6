"""A network with what makes its outputs answers, such as boxes of a detector's maps."""

from collections import OrderedDict

from torch import fx, nn

DECODER = "decoder"


def decoded(network: nn.Module, decoder: fx.GraphModule | None) -> nn.Module:
    """The network followed by a decoder; as it is where there is none."""
    if decoder is None:
        return network
    return nn.Sequential(OrderedDict([("network", network), (DECODER, decoder)])).eval()
