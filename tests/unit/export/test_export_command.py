"""``gonio export`` as a person types it, and ``gonio predict`` with what it wrote."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from gonio.apps.cli.main import app
from gonio.errors import ConfigError
from gonio.models.card import read_card

RUN = CliRunner()


def test_export_then_predict(samples: Path, tmp_path: Path) -> None:
    """The shipped model, large kernels int8, and its copy, all float16, find the same person."""
    out = tmp_path / "copy.onnx"
    done = RUN.invoke(
        app, ["export", "thunder", "--out", str(out), "--precision", "float16", "--json"], catch_exceptions=False
    )
    facts = json.loads(done.stdout)
    assert facts["files"] == [str(out), str(out.with_suffix(".json"))]
    assert facts["bytes"] == out.stat().st_size
    assert facts["pictures"] == 4
    assert facts["parity"]["points"] > 100
    assert facts["parity"]["px"] < 0.1
    photo = str(samples / "astronaut.jpg")
    found = [
        json.loads(RUN.invoke(app, ["predict", photo, "--json", "-", "--model", model], catch_exceptions=False).stdout)
        for model in ("thunder", str(out))
    ]
    keypoints = [one["frames"][0]["people"][0] for one in found]
    found = [np.array(person["keypoints"]) for person in keypoints]
    sure = found[0][:, 2] > 0.5  # the legs are below the picture
    assert sure.sum() >= 10
    np.testing.assert_allclose(found[0][sure, :2], found[1][sure, :2], rtol=0, atol=0.2)


def test_pictures_of_ones_own_and_nobody_who_proposes(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    cv2.imwrite(str(photos / "a.png"), np.full((60, 80, 3), 128, np.uint8))
    arguments = ["export", "lightning", "--out", str(tmp_path / "a.onnx"), "--proposals", "none"]
    done = RUN.invoke(app, [*arguments, "--images", str(photos)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "on 1 pictures and noise" in done.stderr
    assert read_card(tmp_path / "a.onnx").proposals is None


@pytest.mark.parametrize("batch", ["0", "two", "-1"])
def test_a_batch_is_a_number(batch: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"batch is '{batch}'; give a number from 1, or 'dynamic'"):
        RUN.invoke(
            app, ["export", "thunder", "--out", str(tmp_path / "a.onnx"), "--batch", batch], catch_exceptions=False
        )


def test_a_format_that_is_none(tmp_path: Path) -> None:
    done = RUN.invoke(app, ["export", "thunder", "--format", "coreml", "--out", str(tmp_path / "a")])
    assert done.exit_code == 2
