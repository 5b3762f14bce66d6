"""What a group of channels' responses to stimuli tell: entropy, effective rank, label information, redundancy, Fisher
information."""

import numpy as np

BINS = 8


def activation_entropy(responses: np.ndarray) -> float:
    """Mean entropy of the channels' responses, in bits.

    Args:
        responses: samples × channels. Each channel's values are binned into equal ranges.
    """
    if responses.shape[1] == 0:
        return 0.0
    return float(np.mean([_entropy(_codes(channel), BINS) for channel in responses.T]))


def effective_rank(responses: np.ndarray) -> float:
    """exp of the entropy of the normalised eigenvalues of the responses' covariance (Roy & Vetterli 2007)."""
    centred = responses - responses.mean(0)
    values = np.linalg.svd(centred, compute_uv=False) ** 2
    total = values.sum()
    if total <= 1e-12:
        return 1.0
    shares = values[values > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))


def label_information(responses: np.ndarray, concepts: np.ndarray) -> np.ndarray:
    """Mutual information between each channel's response and a concept, the mean over concepts, in bits, (channels,).

    The plug-in estimate's bias, (bins − 1)(classes − 1) / (2·N·ln 2) (Miller 1955), is subtracted.

    Args:
        responses: samples × channels.
        concepts: int, samples × concepts; the label of an image, for one.
    """
    found = []
    for channel in responses.T:
        codes = _codes(channel)
        entropy = _entropy(codes, BINS)
        found.append(np.mean([_shared(codes, entropy, concept) for concept in concepts.T]))
    return np.array(found)


def _shared(codes: np.ndarray, entropy: float, concept: np.ndarray) -> float:
    """Mutual information of codes, with the given entropy, and a concept; its bias subtracted."""
    values = int(concept.max()) + 1
    bias = (BINS - 1) * (values - 1) / (2 * len(concept) * np.log(2))
    joint = _entropy(codes * values + concept, BINS * values)
    return max(0.0, entropy + _entropy(concept, values) - joint - bias)


def redundancy(responses: np.ndarray) -> np.ndarray:
    """How well another channel of the group could stand in for each: the largest |correlation| with any, in [0, 1].

    As in correlation-based pruning (Wang et al., "COP", IJCAI 2019). A constant channel is fully redundant.

    Args:
        responses: samples × channels.

    Returns:
        Shape (channels,); zero where a channel is alone.
    """
    channels = responses.shape[1]
    if channels < 2:
        return np.zeros(channels)
    centred = responses - responses.mean(0)
    norms = np.sqrt((centred**2).sum(0))
    idle = norms < 1e-9
    unit = centred / np.where(idle, 1.0, norms)
    likeness = np.abs(unit.T @ unit)
    np.fill_diagonal(likeness, 0.0)
    return np.where(idle, 1.0, np.minimum(likeness.max(1), 1.0))


def fisher_information(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """What removing each channel is expected to cost: ½·E[(Σ a·∂ℓ/∂a)²] over samples (Theis et al. 2018, equation 8).

    Args:
        activations: samples × channels × positions.
        gradients: Of each sample's loss, the same shape.

    Returns:
        Shape (channels,).
    """
    return 0.5 * ((activations * gradients).sum(2) ** 2).mean(0)


def _codes(values: np.ndarray) -> np.ndarray:
    low, high = values.min(), values.max()
    if high - low < 1e-9:
        return np.zeros(values.shape, dtype=np.int64)
    return np.minimum((BINS * (values - low) / (high - low)).astype(np.int64), BINS - 1)


def _entropy(codes: np.ndarray, count: int) -> float:
    shares = np.bincount(codes, minlength=count) / len(codes)
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())
