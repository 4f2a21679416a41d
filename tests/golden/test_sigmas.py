"""Sigmas against the code that publishes them."""

import numpy as np
import pytest

from gonio.structures.skeleton import load_skeleton


def test_coco17_is_pycocotools() -> None:
    """Oracle: pycocotools' own defaults, from the installed version."""
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    expected = cocoeval.Params(iouType="keypoints").kpt_oks_sigmas
    np.testing.assert_allclose(load_skeleton("coco17").sigmas, expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["halpe26", "blazepose33", "coco_wholebody133", "lsp14"])
def test_points_shared_with_coco_have_its_sigmas(name: str) -> None:
    """Oracle: coco17 above. MPII is left out: the values in use for it differ at shoulders and knees."""
    coco, skeleton = load_skeleton("coco17"), load_skeleton(name)
    shared = [point for point in skeleton.keypoint_names if point in coco.keypoint_names]
    assert [skeleton.sigmas[skeleton.index(p)] for p in shared] == [coco.sigmas[coco.index(p)] for p in shared]


def test_wholebody_is_its_own() -> None:
    """Oracle: the lists in COCO-WholeBody's evaluation/myeval_wholebody.py, here in thousandths."""
    foot = [68, 66, 66, 92, 94, 94]
    jaw = [42, 43, 44, 43, 40, 35, 31, 25, 20, 23, 29, 32, 37, 38, 43, 41, 45]
    brows = [13, 12, 11, 11, 12, 12, 11, 11, 13, 15]
    nose = [9, 7, 7, 7, 12, 9, 8, 16, 10]
    eyes = [17, 11, 9, 11, 9, 7, 13, 8, 11, 12, 10, 34]
    lips = [8, 8, 9, 8, 8, 7, 10, 8, 9, 9, 9, 7, 7, 8, 11, 8, 8, 8, 10, 8]
    hand = [29, 22, 35, 37, 47, 26, 25, 24, 35, 18, 24, 22, 26, 17, 21, 21, 32, 20, 19, 22, 31]
    expected = [*foot, *jaw, *brows, *nose, *eyes, *lips, *hand, *hand]
    assert [round(s * 1000, 9) for s in load_skeleton("coco_wholebody133").sigmas[17:]] == expected


def test_halpe26_is_halpes_own() -> None:
    """Oracle: the first 26 of 136 in halpecocotools' cocoeval.py, divided by 10 there."""
    assert load_skeleton("halpe26").sigmas[17:] == (
        0.08,
        0.08,
        0.08,
        0.089,
        0.089,
        0.089,
        0.089,
        0.089,
        0.089,
    )
