"""Result and Results: what people do with a frame and its people."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image

from gonio import results as results_module
from gonio.draw.overlay import DrawStyle
from gonio.errors import ConfigError, MediaError
from gonio.io.formats import read_json, schema
from gonio.results import Result, Results
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")


def make_result(people: int = 1, style: DrawStyle | None = None) -> Result:
    """People in a diagonal line on grey, 120 x 90 px; the last keypoint is missing."""
    steps = np.linspace(10, 70, 17)
    keypoints = np.zeros((people, 17, 2), np.float32)
    keypoints[..., 0] = steps + 20 * np.arange(people)[:, None]
    keypoints[..., 1] = steps
    keypoints[:, -1] = np.nan
    poses = Poses(
        keypoints=keypoints,
        scores=np.full((people, 17), 0.8, np.float32),
        boxes=np.tile(np.array([5, 5, 80, 80], np.float32), (people, 1)),
        person_scores=np.full(people, 0.9, np.float32),
        skeleton=COCO,
        frame_index=3,
        time_s=0.125,
    )
    frame = Frame(np.full((90, 120, 3), 128, np.uint8), index=3, time_s=0.125, source="run.mp4")
    return Result(frame, poses, "some-model", style or DrawStyle())


def test_plot_draws_on_a_copy() -> None:
    result = make_result()
    drawn = result.plot()
    assert drawn.shape == (90, 120, 3)
    assert drawn.dtype == np.uint8
    assert (drawn != 128).any()
    assert (result.frame.image == 128).all()


def test_plot_takes_a_style_for_this_time() -> None:
    result = make_result()
    assert (result.plot(min_score=0.9) == 128).all()
    assert (result.plot(boxes=True) != result.plot()).any()
    with pytest.raises(ConfigError, match="min_score is nan"):
        result.plot(min_score=float("nan"))


def test_style_of_the_result_is_the_default() -> None:
    assert (make_result(style=DrawStyle(min_score=0.9)).plot() == 128).all()


def test_plot_of_nobody_is_the_picture() -> None:
    assert (make_result(people=0).plot() == 128).all()


@pytest.mark.parametrize("name", ["drawn.png", "drawn.jpg", "DRAWN.WEBP", "deeper/drawn.tif"])
def test_save_picture(tmp_path: Path, name: str) -> None:
    path = make_result().save(str(tmp_path / name))
    assert path == tmp_path / name
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(pixels - make_result().plot()).mean() < 3  # JPEG and WebP lose a little


def test_save_numbers(tmp_path: Path) -> None:
    result = make_result(people=2)
    for name in ("a.json", "a.jsonl", "a.csv", "a.coco.json"):
        assert result.save(tmp_path / name).is_file()
    assert json.loads((tmp_path / "a.json").read_text()) == result.to_dict()
    (poses,) = read_json(tmp_path / "a.json")
    np.testing.assert_allclose(poses.keypoints, result.poses.keypoints, atol=5e-4)
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 1 + 2 * 17
    assert len(json.loads((tmp_path / "a.coco.json").read_text())) == 2


@pytest.mark.parametrize("name", ["a.txt", "a", "a.gif"])
def test_save_as_something_unknown(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=name) as refusal:
        make_result().save(tmp_path / name)
    assert ".gif" not in str(refusal.value).replace(name, "")  # it is read, not written
    assert list(tmp_path.iterdir()) == []


def test_to_dict_keeps_to_the_schema() -> None:
    document = make_result().to_dict()
    jsonschema.validate(document, schema())
    (frame,) = document["frames"]
    assert (frame["index"], frame["time_s"], frame["source"]) == (3, 0.125, "run.mp4")
    assert (frame["width"], frame["height"]) == (120, 90)
    assert frame["people"][0]["keypoints"][0] == [10, 10, 0.8]
    assert frame["people"][0]["keypoints"][16][:2] == [None, None]
    assert document["model"] == "some-model"


def test_to_json() -> None:
    result = make_result()
    assert json.loads(result.to_json()) == result.to_dict()
    assert "\n" not in result.to_json()
    assert result.to_json(indent=2).count("\n") > 10


def test_show_says_where_the_picture_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    titles = []

    def show(image: np.ndarray, *, title: str) -> str:
        assert (image == make_result().plot()).all()
        titles.append(title)
        return "it lies there"

    monkeypatch.setattr(results_module, "show_image", show)
    make_result().show()
    assert capsys.readouterr().out == "it lies there\n"
    assert titles == ["gonio: run.mp4"]


def test_show_is_silent_where_it_can_be_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(results_module, "show_image", lambda image, title: "")
    make_result().show()
    assert capsys.readouterr().out == ""


def test_repr() -> None:
    assert repr(make_result(people=2)) == "Result('run.mp4', frame 3: 2 people)"


def test_results_are_a_list_with_failures() -> None:
    results = Results([make_result()], failures=[MediaError("one is bad")])
    assert len(results) == 1
    assert [str(failure) for failure in results.failures] == ["one is bad"]
    assert Results() == []
    assert Results().failures == []
