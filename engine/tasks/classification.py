"""Image classification: cross-entropy with distillation from the prototype (Hinton et al. 2015), top-1 accuracy."""

import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 2.0
# Share of the distillation term: the most, for a prototype that is always right on new images, and the least; and the
# share of wrong answers at which it would fall to zero.
MOST_DISTILLED, LEAST_DISTILLED, WRONG = 0.9, 0.3, 0.2


class Classification:
    """Outputs are logits N × classes, targets int64 N."""

    metric = "accuracy"

    def __init__(self) -> None:
        self.distilled = MOST_DISTILLED

    def trust(self, metric: float) -> None:
        """Labels correct a teacher that is often wrong; one that is nearly always right says more than labels do.

        With resnet8 on the digits (99 % right), a share of 0.9 instead of 0.5 gave 2 dB; on photographs of 8×8 (86 %
        right), 0.3 instead of 0.9 gave two points of accuracy.
        """
        self.distilled = max(LEAST_DISTILLED, MOST_DISTILLED * (1 - (1 - metric) / WRONG))

    def loss(self, outputs: Tensor, targets: Tensor, teacher: Tensor | None) -> Tensor:
        hard = F.cross_entropy(outputs, targets)
        if teacher is None:
            return hard
        soft = F.kl_div(
            F.log_softmax(outputs / TEMPERATURE, 1), F.log_softmax(teacher / TEMPERATURE, 1),
            reduction="batchmean", log_target=True,
        )  # fmt: skip
        return (1 - self.distilled) * hard + self.distilled * TEMPERATURE**2 * soft

    def score(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) == targets).float()
