"""Annotation files of any content give problems or one clear refusal, and nothing else."""

import json
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data import load_dataset
from engine.data.dataset import IGNORE, NO_BOX
from engine.data.health import health_report
from engine.data.problems import FINDINGS
from engine.errors import RequestError
from tests.engine.data.drawing import draw_masked, draw_voc
from tests.engine.data.test_coco import draw as draw_coco
from tests.engine.data.test_yolo import draw as draw_yolo

CODES = {
    *FINDINGS, "bad_dataset", "too_few_images", "no_labels", "single_class", "leakage", "duplicates", "ignored_files",
    "class_not_trained", "class_not_tested", "few_calibration_images", "few_test_images",
}  # fmt: skip
EXAMPLES = 60
SPECIAL = st.sampled_from([7, 1000, "00.jpg", "nan", float("nan"), float("inf"), 1e308, -1e308, 10**400, -0.0, 1e-320])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | SPECIAL,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
mutations = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)


def check(folder, cache):
    """The report is whole, and a load gives a dataset exactly where it says so."""
    report = health_report(folder)
    json.dumps(report, allow_nan=False)
    assert {problem["code"] for problem in report["problems"]} <= CODES
    try:
        dataset = load_dataset({"path": str(folder)}, cache)
    except RequestError as error:
        assert not report["ok"]
        assert error.message.rstrip(")").endswith((".", "problems"))
    else:
        assert report["ok"]
        assert dataset.task == report["task"]
        for split in dataset.splits.values():
            check_labels(split.labels, len(dataset.class_names), dataset.image_shape)


def check_labels(labels, classes, image_shape):
    """Classes that there are, in boxes with an area within the image."""
    if labels.ndim == 3 and labels.dtype == np.uint8:
        assert ((labels < classes) | (labels == IGNORE)).all()
        return
    used = labels[labels[..., 0] != NO_BOX]
    assert np.isin(used[:, 0], np.arange(classes)).all()
    assert (used[:, 1:] >= 0).all()
    assert (used[:, 3:] > used[:, 1:3]).all()
    assert (used[:, 3:] <= image_shape[:0:-1]).all()


def changed(data: bytes, seed: int) -> bytes:
    """The bytes with a few of them changed, removed, repeated or added."""
    rng = random.Random(seed)
    found = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(found) + 1)
        kind = rng.randrange(4)
        if kind == 0 and at < len(found):
            found[at] = rng.randrange(256)
        elif kind == 1:
            del found[at : at + rng.randint(1, 40)]
        elif kind == 2:
            found[at:at] = found[at : at + rng.randint(1, 40)]
        else:
            found[at:at] = rng.choice([b"<", b"&", b"nan", b"-", b"9" * 30, b"\0", b"\xff", b" ", b"\n", b"]"])
    return bytes(found)


def draw(kind, folder):
    if kind == "coco":
        draw_coco(folder, "annotations/a.json", "images", 9)
        return folder / "annotations" / "a.json"
    if kind == "voc":
        draw_voc(folder, [[("cat", 1, 2, 7, 9), ("dog", 0, 0, 12, 12)]] * 9)
        return folder / "Annotations" / "im03.xml"
    if kind == "yolo":
        draw_yolo(folder, 9)
        (folder / "data.yaml").write_text("names: [cat, dog]\n")
        return folder / "labels" / "03.txt"
    draw_masked(folder, 9)
    (folder / "classes.txt").write_text("a\nb\nc\n")
    return folder / "masks" / "im03.png"


@pytest.mark.parametrize("kind", ["coco", "voc", "yolo", "masks"])
def test_changed_bytes(tmp_path, kind):
    path = draw(kind, tmp_path / "d")
    original = path.read_bytes()

    @mutations
    @given(st.integers(0, 2**32))
    def mutate(seed):
        path.write_bytes(changed(original, seed))
        check(tmp_path / "d", tmp_path / "cache")

    mutate()


@pytest.mark.parametrize("name", ["classes.txt", "class_dict.csv", "data.yaml"])
@pytest.mark.parametrize("kind", ["yolo", "masks"])
def test_any_list_of_classes(tmp_path, kind, name):
    draw(kind, tmp_path / "d")

    @settings(mutations, max_examples=30)
    @given(st.binary(max_size=80) | st.text(alphabet="names:[]{}-,'\"# \n0129ab", max_size=60).map(str.encode))
    def mutate(content):
        (tmp_path / "d" / name).write_bytes(content)
        check(tmp_path / "d", tmp_path / "cache")

    mutate()


def test_any_json_in_any_place(tmp_path):
    content = draw_coco(tmp_path / "d", "annotations/a.json", "images", 9)
    places = [(key,) for key in content]
    places += [(key, 0) for key in content] + [(key, 1, field) for key in content for field in content[key][1]]
    places += [("annotations", 0, "bbox", i) for i in range(4)] * 8

    @settings(mutations, max_examples=100)
    @given(st.sampled_from(places), SPECIAL | json_values)
    def mutate(place, value):
        mutated = json.loads(json.dumps(content))
        target = mutated
        for step in place[:-1]:
            target = target[step]
        target[place[-1]] = value
        (tmp_path / "d" / "annotations" / "a.json").write_text(json.dumps(mutated))
        check(tmp_path / "d", tmp_path / "cache")

    mutate()
