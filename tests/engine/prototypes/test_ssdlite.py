"""SSDLite as a plain module: torchvision's heads, in one tensor, in the order of its default boxes."""

import torch
from torchvision.models.detection.image_list import ImageList

from engine.prototypes.ssdlite import SSDLite


def test_it_has_the_published_size_and_an_output_for_each_default_box() -> None:
    network = SSDLite(90).eval()
    assert sum(p.numel() for p in network.parameters()) == 3_440_060
    images = torch.rand(1, 3, 96, 128)
    with torch.no_grad():
        output = network(images)
        features = list(network.backbone(images).values())
        boxes = network.default_boxes(ImageList(images, [(96, 128)]), features)
        found = network.head(features)
    assert output.shape == (1, len(boxes[0]), 4 + 90 + 1)
    assert torch.equal(output[..., :4], found["bbox_regression"])
    assert torch.equal(output[..., 4:], found["cls_logits"])
