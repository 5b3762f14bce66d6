"""What a run works with: the dataset has to be for the spec's task."""

import pytest
import torch

from engine.errors import RequestError
from engine.setting import Setting
from engine.spec import parse_spec
from tests.engine.data.drawing import draw_masked, draw_voc


@pytest.mark.parametrize(("task", "holds"), [("segmentation", "masks"), ("detection", "boxes")])
def test_a_dataset_for_another_task_is_refused(tmp_path, task, holds):
    folder = tmp_path / "streets"
    if holds == "masks":
        draw_masked(folder, 10)
    else:
        draw_voc(folder, [[("cat", 1, 2, 7, 9)]] * 10)
    spec = parse_spec({"prototype": {"zoo": "resnet8"}, "dataset": {"path": str(folder)}, "max_cycles": 1})
    with pytest.raises(RequestError) as caught:
        Setting.prepare(spec, tmp_path / "out", torch.device("cpu"))
    assert caught.value.field == "dataset.path"
    assert f"streets holds {holds} ({task}), but the spec's task is classification" in caught.value.message
