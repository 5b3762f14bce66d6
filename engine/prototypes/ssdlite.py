"""torchvision's SSDLite320 with MobileNetV3-Large, without what comes before and after its layers.

After Sandler et al., "MobileNetV2" (https://arxiv.org/abs/1801.04381), section 6.2, and Howard et al., "Searching for
MobileNetV3" (https://arxiv.org/abs/1905.02244), section 6.3.
"""

import torch
from torch import Tensor, nn
from torchvision.models.detection import ssdlite320_mobilenet_v3_large
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator


class SSDLite(nn.Module):
    """B×3×H×W -> B×anchors×(4 + classes + 1); 3,234 anchors at 320×320.

    Of the last axis the first four values are torchvision's box regression against each default box, the others class
    logits of which the first is the background's.

    Args:
        classes: Without the background.

    Attributes:
        default_boxes: Makes the anchors that the second axis counts, for the six feature maps.
    """

    def __init__(self, classes: int = 20) -> None:
        super().__init__()
        detector = ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=classes + 1)
        self.backbone, self.head = detector.backbone, detector.head
        self.default_boxes: DefaultBoxGenerator = detector.anchor_generator

    def forward(self, x: Tensor) -> Tensor:
        found = self.head(list(self.backbone(x).values()))
        return torch.cat([found["bbox_regression"], found["cls_logits"]], 2)
