"""How accurate an exported network is, measured by onnxruntime alone on the built-in digits' test images.

``python -m engine.measure.onnx_accuracy NETWORK.onnx`` prints one line of JSON. The network takes float32 images,
N×C×H×W with pixels in [0, 1], and answers with logits; it carries its own normalisation.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

from engine.data import load_dataset


def main(path: str) -> None:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (images_in,) = session.get_inputs()
    with tempfile.TemporaryDirectory() as cache:
        digits = load_dataset({"builtin": "digits"}, Path(cache), image_size=images_in.shape[-1])
    test = digits.splits["test"]
    (logits,) = session.run(None, {images_in.name: test.images.astype(np.float32) / 255})
    accuracy = float((logits.argmax(axis=1) == test.labels).mean())
    sys.stdout.write(json.dumps({"accuracy": accuracy, "images": len(test.labels)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
