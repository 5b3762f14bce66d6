"""Names and colours of classes in the files that datasets bring along."""

import pytest

from engine.data.archive import open_source
from engine.data.class_lists import read_class_colours, read_class_names, read_yaml_names
from engine.errors import RequestError


def source(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return open_source(folder)


def test_a_name_a_line(tmp_path):
    found = source(tmp_path, {"d/classes.txt": "\ufeffsky\r\n\r\n traffic light \r\nÄpfel"})
    assert read_class_names(found) == ("sky", "traffic light", "Äpfel")


def test_the_outermost_list_counts(tmp_path):
    assert read_class_names(source(tmp_path, {"a/b/classes.txt": "inner", "z/classes.txt": "outer"})) == ("outer",)


def test_no_list(tmp_path):
    found = source(tmp_path, {"readme.txt": "hello", "classes.txt": "\n"})
    assert read_class_names(found) is None
    assert read_class_colours(found) is None
    assert read_yaml_names(found) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("class_dict.csv", "name,r,g,b\ntraffic light,1,2,3\ncar,255,0,0\n"),
        ("label_colors.txt", "1 2 3\ttraffic light\n255 0 0\t\tcar\n"),
        ("labelmap.txt", "# label:color_rgb:parts:actions\ntraffic light:1,2,3::\ncar:255,0,0::\n"),
    ],
)
def test_colours(tmp_path, name, text):
    found = read_class_colours(source(tmp_path, {name: text}))
    assert found.names == ("traffic light", "car")
    assert found.colours == ((1, 2, 3), (255, 0, 0))


def test_a_file_without_colours(tmp_path):
    with pytest.raises(RequestError, match="class_dict.csv holds no class with its colour"):
        read_class_colours(source(tmp_path, {"class_dict.csv": "hello\n1,2,3\n"}))


@pytest.mark.parametrize(
    "text",
    [
        "train: x\nnc: 2\nnames: ['cell', \"big cat\"]  # two\n",
        "names: [cell,\n  big cat\n]\n",
        "names:\n- cell\n- 'big cat'\nnc: 2\n",
        "names:\n  0: cell\n  1: big cat\n",
        "names:\n  1: big cat\n  0: cell\n\nval: y\n",
        "names: {0: cell, 1: 'big cat'}\n",
    ],
)
def test_yaml(tmp_path, text):
    assert read_yaml_names(source(tmp_path, {"data.yaml": text})) == ("cell", "big cat")
