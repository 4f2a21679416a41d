"""``gonio data`` on real labels, and on real labels that were spoiled: each fault is found, the clean set is silent."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from gonio.datasets.lint import lint_files
from gonio.io.formats.labels import read_labels
from gonio.structures.skeleton import load_skeleton

Content = dict[str, Any]
Gonio = Callable[..., Any]
FLIP = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]


@pytest.fixture
def mini(shared_data: Path) -> Path:
    return shared_data / "coco-mini"


@pytest.fixture
def val(mini: Path, tmp_path: Path) -> Path:
    """A copy of the validation half that may be spoiled, with its pictures beside it."""
    shutil.copytree(mini / "val2017", tmp_path / "val2017")
    (tmp_path / "annotations").mkdir()
    name = "person_keypoints_val2017.json"
    return Path(shutil.copy(mini / "annotations" / name, tmp_path / "annotations" / name))


def people(content: Content) -> list[Content]:
    """Those with many visible points, first the largest."""
    able = [one for one in content["annotations"] if one["num_keypoints"] >= 12 and not one["iscrowd"]]
    return sorted(able, key=lambda one: -one["area"])


def swap_one(content: Content, _: Path) -> None:
    for person in people(content)[:4]:
        xyv = np.array(person["keypoints"]).reshape(17, 3)
        person["keypoints"] = xyv[FLIP].ravel().tolist()


def rename_sides(content: Content, _: Path) -> None:
    names = content["categories"][0]["keypoints"]
    content["categories"][0]["keypoints"] = [names[k] for k in FLIP]


def exchange_joints(content: Content, _: Path) -> None:
    names = content["categories"][0]["keypoints"]
    i, j = names.index("left_knee"), names.index("left_ankle")
    names[i], names[j] = names[j], names[i]


def put(k: int, *values: float) -> Callable[[Content, Path], None]:
    def change(content: Content, _: Path) -> None:
        people(content)[0]["keypoints"][3 * k : 3 * k + 3] = values

    return change


def far_from_the_box(content: Content, _: Path) -> None:
    person = people(content)[0]
    x, y, width, height = person["bbox"]
    person["bbox"] = [x, y, width / 6, height / 6]


def set_one(**values: Any) -> Callable[[Content, Path], None]:
    def change(content: Content, _: Path) -> None:
        people(content)[0].update(values)

    return change


def cut_short(content: Content, _: Path) -> None:
    people(content)[0]["keypoints"] = people(content)[0]["keypoints"][:48]


def all_visible(content: Content, _: Path) -> None:
    content["annotations"] = [one for one in content["annotations"] if one["num_keypoints"]]
    for person in content["annotations"]:
        x, y, _, _ = person["bbox"]
        for k in range(17):
            if person["keypoints"][3 * k + 2] == 0:
                person["keypoints"][3 * k : 3 * k + 2] = [x + 1, y + 1]
            person["keypoints"][3 * k + 2] = 2


def label_twice(content: Content, _: Path) -> None:
    content["annotations"].append(people(content)[0] | {"id": 99})


def show_twice(content: Content, folder: Path) -> None:
    image = content["images"][0]
    Image.open(folder / image["file_name"]).save(folder / "copy.png")
    content["images"].append(image | {"id": 99, "file_name": "copy.png"})


def list_twice(content: Content, _: Path) -> None:
    content["images"].append(content["images"][0] | {"id": 99})


def lose_picture(content: Content, folder: Path) -> None:
    (folder / content["images"][0]["file_name"]).unlink()


def damage_picture(content: Content, folder: Path) -> None:
    (folder / content["images"][0]["file_name"]).write_bytes(b"\xff\xd8\xff\xe0")


def wrong_size(content: Content, _: Path) -> None:
    content["images"][0]["width"] += 100


FAULTS = [
    ("sides-swapped", swap_one),
    ("sides-swapped-set", rename_sides),
    ("keypoint-order", exchange_joints),
    ("visibility-origin", put(0, 0, 0, 2)),
    ("visibility-dropped", put(0, 12, 30, 0)),
    ("visibility-value", put(0, 12, 30, 3)),
    ("visibility-constant", all_visible),
    ("outside-image", put(0, 900, 30, 2)),
    ("outside-box", far_from_the_box),
    ("zero-box", set_one(bbox=[10, 10, 0, 50])),
    ("box-outside", set_one(bbox=[-20, 10, 200, 50])),
    ("bad-number", set_one(area="big")),
    ("keypoint-count", cut_short),
    ("duplicate-person", label_twice),
    ("duplicate-image", show_twice),
    ("duplicate-name", list_twice),
    ("missing-image", lose_picture),
    ("unreadable-image", damage_picture),
    ("image-size", wrong_size),
]


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def codes(result: Any) -> set[str]:
    return {finding["code"] for finding in json.loads(result.stdout)["findings"]}


def test_the_clean_set_is_silent(started_gonio: Gonio, mini: Path) -> None:
    files = sorted((mini / "annotations").glob("person_keypoints_*.json"))
    result = started_gonio("data", "lint", *files)
    assert (result.returncode, result.stdout) == (0, "")
    assert "0 findings in 100 pictures with 226 people" in result.stderr


@pytest.mark.parametrize(("code", "spoil"), [pytest.param(code, spoil, id=code) for code, spoil in FAULTS])
def test_each_planted_fault_is_found(
    val: Path, tmp_path: Path, code: str, spoil: Callable[[Content, Path], None]
) -> None:
    """By the function that the command calls: a process for each would take a minute."""
    content = json.loads(val.read_text())
    spoil(content, tmp_path / "val2017")
    val.write_text(json.dumps(content))
    _, findings = lint_files([val], pictures="image" in code)
    found = {finding.code for finding in findings}
    assert code in found
    # A fault may show in more than one way: a box that shrank is far from its points, a swapped set has swapped people.
    if code not in ("visibility-constant", "outside-box", "keypoint-order", "zero-box", "box-outside"):
        assert found <= {code, "sides-swapped"} if code == "sides-swapped-set" else {code}


def test_a_planted_fault_by_the_command(gonio: Gonio, val: Path, tmp_path: Path) -> None:
    content = json.loads(val.read_text())
    lose_picture(content, tmp_path / "val2017")
    swap_one(content, tmp_path)
    val.write_text(json.dumps(content))
    result = gonio("data", "lint", val, "--json")
    assert (result.returncode, codes(result)) == (3, {"sides-swapped", "missing-image"})
    only = gonio("data", "lint", val, "--json", "--only", "missing-image")
    assert (only.returncode, codes(only)) == (3, {"missing-image"})


def test_leaks_and_the_words_for_people(gonio: Gonio, val: Path, tmp_path: Path) -> None:
    train = tmp_path / "train.json"
    content = json.loads(val.read_text())
    content["images"] = content["images"][:3]
    train.write_text(json.dumps(content))
    result = gonio("data", "lint", train, val, "--images", tmp_path / "val2017", "--most", "2")
    assert result.returncode == 3
    assert "leak: 3, a picture is in two splits" in result.stdout
    assert "  and 1 more" in result.stdout
    assert "3 findings in 53 pictures" in result.stderr


def test_flip_pairs_of_a_yolo_set(gonio: Gonio, val: Path, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML reads a YOLO data set")
    assert gonio("data", "convert", val, "--out", tmp_path / "yolo").returncode == 0
    path = tmp_path / "yolo" / "data.yaml"
    assert gonio("data", "lint", path).returncode == 0
    settings = yaml.safe_load(path.read_text())
    settings["flip_idx"][5:7] = [5, 6]
    path.write_text(yaml.safe_dump(settings))
    result = gonio("data", "lint", path, "--json", "--no-pictures")
    assert (result.returncode, codes(result)) == (3, {"flip-pairs"})
    assert "mirrors left_shoulder to left_shoulder" in result.stdout


def test_there_and_back_through_yolo(gonio: Gonio, val: Path, tmp_path: Path) -> None:
    """pycocotools finds the same keypoints after COCO to YOLO to COCO; YOLO has no crowds."""
    pytest.importorskip("yaml", reason="PyYAML reads a YOLO data set")
    written = gonio("data", "convert", val, "--out", tmp_path / "yolo")
    assert written.returncode == 0, written.stderr
    all_of_them = COCO(str(val)).getAnnIds()
    crowds = COCO(str(val)).getAnnIds(iscrowd=True)
    assert crowds
    assert f"{len(all_of_them) - len(crowds)} people\n" in written.stderr
    assert f"lost, as YOLO cannot hold it: {len(crowds)} crowds, " in written.stderr
    result = gonio("data", "convert", tmp_path / "yolo" / "data.yaml", "--out", tmp_path / "back.json")
    assert result.returncode == 0, result.stderr
    before, after = COCO(str(val)), COCO(str(tmp_path / "back.json"))
    names = {Path(image["file_name"]).name: image["id"] for image in after.loadImgs(after.getImgIds())}
    for image in before.loadImgs(before.getImgIds()):
        ours = after.loadAnns(after.getAnnIds(imgIds=names[image["file_name"]]))
        theirs = before.loadAnns(before.getAnnIds(imgIds=image["id"], iscrowd=False))
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one["keypoints"], other["keypoints"], atol=1e-4)
            np.testing.assert_allclose(one["bbox"], other["bbox"], atol=1e-3)


@pytest.mark.parametrize(
    ("name", "options", "people"),
    [
        pytest.param("a.xml", [], 123, id="cvat"),
        pytest.param("task.zip", [], 123, id="cvat-zip"),
        pytest.param("tasks.json", ["--to", "label-studio"], 123, id="label-studio"),
        pytest.param("CollectedData_Ann.csv", [], 46, id="deeplabcut"),
    ],
)
def test_there_and_back_through_a_file(
    gonio: Gonio, val: Path, tmp_path: Path, name: str, options: list[str], people: int
) -> None:
    """COCO's own people come back with every keypoint where it was; what does not is said."""
    written = gonio("data", "convert", val, *options, "--out", tmp_path / name)
    assert written.returncode == 0, written.stderr
    assert f"wrote '{tmp_path / name}': 50 pictures, {people} people\n" in written.stderr
    assert "cannot hold it: 4 crowds, " in written.stderr
    result = gonio(
        *("data", "convert", tmp_path / name, "--images", tmp_path / "val2017", "--out", tmp_path / "back.json")
    )
    assert result.returncode == 0, result.stderr
    assert "lost" not in result.stderr
    before, after = COCO(str(val)), COCO(str(tmp_path / "back.json"))
    names = {image["file_name"]: image["id"] for image in after.loadImgs(after.getImgIds())}
    for image in before.loadImgs(before.getImgIds()):
        ours = after.loadAnns(after.getAnnIds(imgIds=names[image["file_name"]]))
        theirs = before.loadAnns(before.getAnnIds(imgIds=image["id"], iscrowd=False))
        theirs = theirs if people == 123 else [one for one in theirs if one["num_keypoints"]]
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            wanted = np.array(other["keypoints"]).reshape(17, 3)
            wanted[wanted[:, 2] == 0] = 0  # COCO has positions of some
            if people != 123:
                wanted[wanted[:, 2] > 0, 2] = 2
            np.testing.assert_allclose(np.array(one["keypoints"]).reshape(17, 3), wanted, atol=1e-4)
            if people == 123:
                np.testing.assert_allclose(one["bbox"], other["bbox"], atol=1e-3)


def test_a_set_of_lsp_with_its_pictures(gonio: Gonio, tmp_path: Path, check: Any) -> None:
    """Single people of another set: LSP's pictures have numbers for names, and are copied under them."""
    pytest.importorskip("scipy.io", reason="scipy writes the file")
    (tmp_path / "photos").mkdir()
    names = load_skeleton("lsp14").keypoint_names
    xyv = [number for k in range(14) for number in (3 * k + 1, 2 * k + 0.25, 2 if k else 1)]
    content: Content = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "p", "keypoints": names}]}
    for i, name in enumerate(("b.jpg", "a.jpg")):
        Image.new("RGB", (64, 48), (90 * i, 0, 0)).save(tmp_path / "photos" / name)
        content["images"].append({"id": i + 1, "file_name": name, "width": 64, "height": 48})
        person = {"id": i, "image_id": i + 1, "category_id": 1, "bbox": [0, 0, 60, 40], "area": 900, "iscrowd": 0}
        content["annotations"].append(person | {"keypoints": xyv, "num_keypoints": 14})
    labels = tmp_path / "people.json"
    labels.write_text(json.dumps(content))
    out = tmp_path / "lsp" / "joints.mat"
    result = gonio("data", "convert", labels, "--images", tmp_path / "photos", "--out", out)
    assert result.returncode == 0, result.stderr
    lost = (
        "2 boxes (made of the keypoints when read), 2 areas (0.53 of the box when read), 2 pictures' names (now im0001"
    )
    assert f"lost, as LSP cannot hold it: {lost}.jpg and so on)" in result.stderr
    copy = tmp_path / "lsp" / "images" / "im0001.jpg"
    assert copy.read_bytes() == (tmp_path / "photos" / "b.jpg").read_bytes()
    first, second = read_labels(out)
    assert first.visibility.tolist() == second.visibility.tolist() == [[1] + [2] * 13]
    assert first.keypoints[0, 2].tolist() == [7, 4.25]
    copy.write_bytes((tmp_path / "photos" / "a.jpg").read_bytes())
    again = gonio("data", "convert", labels, "--images", tmp_path / "photos", "--out", out)
    check.refused(again, "im0001.jpg' is there and another picture than")
    alone = gonio("data", "convert", labels, "--no-pictures", "--out", tmp_path / "alone.mat")
    assert "name the pictures images/im0001.jpg and so on beside it" in alone.stderr


def test_split_info_and_view(gonio: Gonio, val: Path, tmp_path: Path) -> None:
    assert gonio("data", "split", val, "--out", tmp_path / "parts", "--part", "a=3", "--part", "b=2").returncode == 0
    files = [tmp_path / "parts" / name for name in ("a.json", "b.json")]
    facts = json.loads(gonio("data", "info", *files, "--json").stdout)
    assert [one["images"] for one in facts["sets"]] == [30, 20]
    assert sum(one["people"] for one in facts["sets"]) == 123
    assert facts["sets"][0]["keypoints"][0]["name"] == "nose"
    shown = gonio("data", "info", val)
    assert "50 pictures, 23 of them with people, skeleton coco17" in shown.stdout
    sheet = tmp_path / "sheet.jpg"
    options = ["--images", tmp_path / "val2017", "--columns", "3", "--rows", "2", "--tile", "64", "--out", sheet]
    result = gonio("data", "view", files[0], *options)
    assert "tiles 1 to 6 of 30" in result.stderr
    assert size_of(sheet) == (3 * 70 + 6, 2 * 92 + 6)


def test_view_shows_what_lint_finds(gonio: Gonio, val: Path, tmp_path: Path) -> None:
    content = json.loads(val.read_text())
    swap_one(content, tmp_path)
    val.write_text(json.dumps(content))
    sheet = tmp_path / "sheet.png"
    result = gonio("data", "view", val, "--only", "sides-swapped", "--tile", "64", "--out", sheet)
    assert result.returncode == 0, result.stderr
    assert 64 + 12 < size_of(sheet)[0] <= 4 * 70 + 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lint", "VAL", "--only", "typo"], "lint has no code 'typo'"),
        (["view", "VAL", "--only", "leak", "--out", "a.png"], "nothing to show: lint finds nothing of that"),
        (["view", "VAL", "--page", "9", "--out", "a.png"], "there are 50 tiles, none on page 9"),
        (["convert", "VAL", "--out", "data.yaml"], "cannot write labels as 'data.yaml'; end it in .json"),
        (["convert", "VAL", "--to", "cvat", "--out", "a.json"], "as 'a.json'; end it in .xml or .zip"),
        (["convert", "VAL", "--out", "joints.mat"], "'coco17' lacks 2 of them, such as 'lsp_neck'"),
        (["split", "VAL", "--out", "x", "--part", "train"], "is not NAME=SHARE"),
        (["split", "VAL", "--out", "x", "--part", "a=1", "--part", "a=2"], "--part 'a=2': the name of a split"),
        (["split", "VAL", "--out", "x", "--part", "../a=1"], "--part '../a=1': the name of a split"),
        (["split", "VAL", "--out", "x", "--part", "=1"], "--part '=1' is not NAME=SHARE"),
        (["info", "none.json"], "no file 'none.json'"),
        (["info", "VAL", "--skeleton", "coco71"], "did you mean 'coco17'"),
    ],
)
def test_what_is_wrong_is_one_sentence(gonio: Gonio, val: Path, check: Any, arguments: list[str], message: str) -> None:
    check.refused(gonio("data", *(val if one == "VAL" else one for one in arguments)), message)


@pytest.mark.parametrize("verb", ["convert", "info", "lint", "split", "view"])
def test_help_has_an_example(gonio: Gonio, verb: str) -> None:
    result = gonio("data", verb, "--help")
    assert result.returncode == 0
    assert f"Example: gonio data {verb}" in result.stdout


@pytest.mark.parametrize(
    ("verb", "labels", "out"),
    [
        pytest.param(["convert"], "train.json", "train.json", id="convert"),
        pytest.param(["split"], "train.json", ".", id="split"),
        pytest.param(["label", "--teacher", "thunder"], "train.json", "link.json", id="label, by a link"),
        pytest.param(["convert"], "data.yaml", ".", id="a YOLO folder onto itself"),
        pytest.param(["convert", "--to", "label-studio"], "train.json", "link.json", id="another format, by a link"),
    ],
)
def test_labels_are_never_replaced_by_what_is_made_of_them(
    gonio: Gonio, val: Path, check: Any, tmp_path: Path, verb: list[str], labels: str, out: str
) -> None:
    """A split of train.json, written beside it, would be all that is left of it."""
    shutil.copy(val, tmp_path / "train.json")
    (tmp_path / "link.json").symlink_to(tmp_path / "train.json")
    (tmp_path / "data.yaml").write_text("train: val2017\nkpt_shape: [17, 3]\n")
    before = (tmp_path / labels).read_bytes()
    check.refused(gonio("data", *verb, tmp_path / labels, "--out", tmp_path / out), "would replace the labels")
    assert (tmp_path / labels).read_bytes() == before


@pytest.mark.parametrize(
    ("verb", "out"),
    [
        pytest.param(["split", "--to", "yolo"], "yo", id="split"),
        pytest.param(["convert"], "yo", id="convert"),
        pytest.param(["convert"], "linked", id="through links"),
        pytest.param(["label", "--teacher", "thunder"], "yo/labels/train/0.txt", id="label"),
    ],
)
def test_label_files_of_pictures_are_labels_too(
    gonio: Gonio, check: Any, tmp_path: Path, verb: list[str], out: str
) -> None:
    """Of a YOLO set with persons and dogs, written over with its persons, the dogs would be gone."""
    pytest.importorskip("yaml", reason="PyYAML reads a YOLO data set")
    for folder in ("yo/images/train", "yo/labels/train", "linked/labels/train"):
        (tmp_path / folder).mkdir(parents=True)
    texts = {}
    for n in range(4):
        Image.new("RGB", (64, 48)).save(tmp_path / f"yo/images/train/{n}.png")
        file = tmp_path / f"yo/labels/train/{n}.txt"
        file.write_text("0 0.5 0.5 0.2 0.4 0.25 0.5 2\n1 0.5 0.5 0.2 0.4 0.25 0.5 2\n")
        (tmp_path / f"linked/labels/train/{n}.txt").symlink_to(file)
        texts[file] = file.read_text()
    labels = tmp_path / "yo" / "pose.yaml"
    labels.write_text("train: images/train\nkpt_shape: [1, 3]\nnames: {0: person, 1: dog}\n")
    result = gonio("data", *verb, labels, "--category", "person", "--out", tmp_path / out)
    check.refused(result, "would replace the labels")
    assert {file: file.read_text() for file in texts} == texts
    assert gonio("data", "convert", labels, "--category", "person", "--out", tmp_path / "new").returncode == 0
