"""Forms of a convolution: dense, depthwise + pointwise ("separable"), or low rank, each with weights of its own.

Both alternatives start as the best approximation of the dense weight that a singular value decomposition gives: per
input channel a rank-1 filter for the separable form (as in Guo et al. 2018, *Network decoupling*), and the leading
components of the whole filter bank for the low rank (Zhang et al. 2016, *Accelerating very deep CNNs*).
"""

import torch
from torch import Tensor, nn

from engine.elastic.design import LOW_RANK, SEPARABLE

FEWEST_INPUTS = 8
# The parameters of each alternative; the dense form is the layer's own weight.
FORM_PARAMETERS = {SEPARABLE: ("depthwise", "pointwise"), LOW_RANK: ("basis", "mixing")}


def has_forms(module: nn.Module) -> bool:
    """Whether a layer is a dense k × k convolution, k > 1, that doesn't see the image itself.

    Only then are the alternatives cheaper; and over an image's one to three channels a separable convolution would be
    no more than one pattern for each.
    """
    return (
        type(module) is nn.Conv2d
        and module.groups == 1
        and module.padding_mode == "zeros"
        and module.kernel_size[0] * module.kernel_size[1] > 1
        and module.in_channels >= FEWEST_INPUTS
    )


def largest_rank(module: nn.Conv2d) -> int:
    """Half of the rank at which the low-rank form stops being smaller than the dense one."""
    c_out, c_in, height, width = module.weight.shape
    fan_in = c_in * height * width
    return max(1, c_out * fan_in // (c_out + fan_in) // 2)


def alternatives(module: nn.Conv2d) -> dict[str, Tensor]:
    """Initial weights of both alternatives.

    Returns:
        ``depthwise`` (C_in, 1, k, k), ``pointwise`` (C_out, C_in, 1, 1), ``basis`` (R, C_in, k, k) and ``mixing``
        (C_out, R, 1, 1), with R from :func:`largest_rank`.
    """
    weight = module.weight.detach()
    c_out, c_in, height, width = weight.shape
    per_input = weight.permute(1, 0, 2, 3).reshape(c_in, c_out, height * width)
    u, s, v = torch.linalg.svd(per_input, full_matrices=False)
    scale = s[:, :1].sqrt()
    rank = largest_rank(module)
    basis, mixing = leading_factors(weight.reshape(c_out, -1), rank)
    return {
        "depthwise": (scale * v[:, 0]).reshape(c_in, 1, height, width).contiguous(),
        "pointwise": (scale * u[:, :, 0]).T.reshape(c_out, c_in, 1, 1).contiguous(),
        "basis": basis.reshape(rank, c_in, height, width).contiguous(),
        "mixing": mixing.reshape(c_out, rank, 1, 1).contiguous(),
    }


def leading_factors(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The best approximation of a matrix (rows × columns) by two of a given rank.

    From the eigenvectors of the smaller Gram matrix, in double precision: several times faster than a decomposition of
    the whole matrix, and as good for the leading components.

    Returns:
        (rank × columns, rows × rank); their product, second times first, is the approximation.
    """
    wide = matrix.double() if matrix.shape[0] <= matrix.shape[1] else matrix.T.double()
    squares, vectors = torch.linalg.eigh(wide @ wide.T)
    leading = vectors[:, -rank:].flip(1)
    root = squares[-rank:].flip(0).clamp_min(1e-24).sqrt().sqrt()
    short, long = leading * root, (leading / root).T @ wide
    first, second = (long, short) if matrix.shape[0] <= matrix.shape[1] else (short.T, long.T)
    return first.to(matrix.dtype), second.to(matrix.dtype)
