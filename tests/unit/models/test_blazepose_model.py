"""BlazePose's way of looking, with the shipped network and with one that answers what the test wants."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.arrays import FloatArray, ImageArray
from gonio.codecs import Outputs
from gonio.codecs.base import DecodedPeople
from gonio.codecs.blazepose import BlazePose
from gonio.errors import ConfigError
from gonio.following import Follower
from gonio.io.images import read_image
from gonio.io.sources.opening import open_source
from gonio.models.blazepose import BlazePoseModel
from gonio.models.loader import load_model
from gonio.models.proposals import whole_picture
from gonio.models.registry import find_card
from gonio.models.store import store
from gonio.structures.conversion import convert_poses
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

SAMPLES = Path(__file__).parents[3] / "samples"
SKELETON, COCO = load_skeleton("blazepose33"), load_skeleton("coco17")
CARD = find_card("blazepose-lite")[0]
BLACK = np.zeros((240, 320, 3), np.uint8)


class Fixed:
    """A network that sees the same body in every crop: upright, its hips in the middle, 0.8 of the circle high."""

    description = "fixed"

    def __init__(self) -> None:
        codec = BlazePose()
        points = np.tile(np.array([128.0, 128.0], np.float32), (33, 1))
        points[[11, 12]] = [(148, 80), (108, 80)]
        points[[23, 24]] = [(140, 128), (116, 128)]
        ones = np.full((1, 33), 0.9, np.float32)
        people = DecodedPeople(points[None], ones, np.zeros((1, 4), np.float32), ones[:, 0])
        self.points, self.outputs, self.batches = points, codec.encode(people, (256, 256)), list[int]()
        landmarks = self.outputs["ld_3d"].reshape(39, 5)
        landmarks[33, :2], landmarks[34, :2] = (128, 128), (128, 28)
        landmarks[11, 2] = -32
        self.outputs["activation_heatmap"][:] = 0
        self.outputs["world_3d"].reshape(39, 3)[11] = (0.2, -0.5, 0.1)

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        return {name: array.shape[1] for name, array in self.outputs.items()}

    def run(self, batch: FloatArray) -> Outputs:
        self.batches.append(len(batch))
        return {name: np.repeat(array, len(batch), axis=0) for name, array in self.outputs.items()}


def model_of(proposals: Poses) -> tuple[BlazePoseModel, Fixed]:
    backend = Fixed()
    return BlazePoseModel(CARD, backend, lambda _: proposals), backend  # type: ignore[arg-type]


def proposed(*boxes: tuple[float, float, float, float]) -> Poses:
    n = len(boxes)
    return Poses(
        keypoints=np.full((n, 17, 2), np.nan, np.float32),
        scores=np.zeros((n, 17), np.float32),
        boxes=np.array(boxes, np.float32).reshape(n, 4),
        person_scores=np.full(n, 0.8, np.float32),
        skeleton=COCO,
    )


def turned(poses: Poses, angle: float) -> Poses:
    """Everyone turned about (100, 100), clockwise as seen."""
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return replace(poses, keypoints=((poses.keypoints - 100) @ rotation.T + 100).astype(np.float32))


def standing() -> Poses:
    """One person of COCO's points, hips at (100, 100), shoulders 50 px above."""
    poses = proposed((60, 20, 140, 180))
    poses.keypoints[0, [5, 6]] = [(110, 50), (90, 50)]
    poses.keypoints[0, [11, 12]] = [(105, 100), (95, 100)]
    poses.scores[0, [5, 6, 11, 12]] = 0.9
    return poses


def test_two_looks_at_everyone_each_one_batch() -> None:
    model, backend = model_of(proposed((10, 10, 60, 110), (100, 20, 200, 220), (150, 5, 190, 90)))
    poses = model.refine(BLACK, model.propose(BLACK))
    assert backend.batches == [3, 3]
    assert len(poses) == 3
    assert poses.skeleton.name == "blazepose33"


def test_the_second_look_is_aligned_with_the_first() -> None:
    """First upright around the box, side 1.25 x 200; then twice 100 / 256 of it, times 1.25, about the same centre."""
    model, _ = model_of(proposed((100, 20, 200, 220)))
    poses = model.refine(BLACK, model.propose(BLACK))
    side = 250 * (200 / 256) * 1.25
    centre = np.array([149.5, 119.5])
    expected = centre + (Fixed().points - 128) * side / 256
    np.testing.assert_allclose(poses.keypoints[0], expected, atol=1e-3)


def test_world_and_depth_are_in_the_directions_and_sizes_of_the_picture() -> None:
    model, _ = model_of(proposed())
    upright, right = np.array([100.0, 100, 256, 0]), np.array([100.0, 100, 512, np.pi / 2])
    looks = model.look(BLACK, np.stack([upright, right]))
    np.testing.assert_allclose(looks.world[0, 11], [0.2, -0.5, 0.1], atol=1e-6)
    np.testing.assert_allclose(looks.world[1, 11], [0.5, 0.2, 0.1], atol=1e-6)  # the body's up is the picture's right
    np.testing.assert_allclose(looks.depth[:, 11], [-32, -64])
    np.testing.assert_allclose(looks.alignment[1], [[100, 100], [300, 100]], atol=1e-3)
    assert len(looks[1].flags) == 1


@pytest.mark.parametrize("angle", [0.0, 1.0, np.pi / 2, -2.5])
def test_a_sure_proposal_says_where_to_look(angle: float) -> None:
    """Radius 1.8 trunks of 50 px, times 2 x 1.25."""
    model, _ = model_of(standing())
    (region,) = model.first_regions(turned(standing(), angle))
    np.testing.assert_allclose(region, [100, 100, 225, angle], atol=1e-4)


def test_an_unsure_proposal_only_has_its_box() -> None:
    poses = standing()
    poses.scores[0, 5] = 0.4
    (region,) = model_of(poses)[0].first_regions(poses)
    np.testing.assert_allclose(region, [99.5, 99.5, 200, 0])


def test_keypoints_of_its_own_need_one_look() -> None:
    model, backend = model_of(proposed((100, 20, 200, 220), (20, 20, 90, 200)))
    before = model.refine(BLACK, model.propose(BLACK))
    backend.batches.clear()
    model.refine(BLACK, before)
    assert backend.batches == [2]


def test_whoever_has_no_hips_is_looked_at_twice() -> None:
    model, backend = model_of(proposed((100, 20, 200, 220), (20, 20, 90, 200)))
    before = model.refine(BLACK, model.propose(BLACK))
    keypoints = before.keypoints.copy()
    keypoints[1, 23] = np.nan
    backend.batches.clear()
    poses = model.refine(BLACK, replace(before, keypoints=keypoints))
    assert backend.batches == [1, 2]
    assert np.isfinite(poses.keypoints).all()


def test_nobody_proposed_is_nobody_found() -> None:
    model, backend = model_of(proposed())
    assert len(model(BLACK)) == len(model.refine(BLACK, Poses.empty(SKELETON))) == 0
    assert not backend.batches


def test_a_skeleton_without_hips_has_no_body_region() -> None:
    hand = replace(SKELETON, name="hand", keypoint_names=tuple(f"p{i}" for i in range(33)))
    model, _ = model_of(proposed())
    people = replace(whole_picture(SKELETON)(BLACK), skeleton=hand)
    assert np.isnan(model.body_regions(people)).all()
    np.testing.assert_allclose(model.first_regions(people), [[159.5, 119.5, 400, 0]])


def test_an_input_that_is_not_square_is_refused() -> None:
    narrow = CARD.input.model_copy(update={"input_hw": (256, 192)})
    with pytest.raises(ConfigError, match="square"):
        BlazePoseModel(CARD.model_copy(update={"input": narrow}), Fixed(), whole_picture(COCO))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def lite() -> BlazePoseModel:
    model = load_model("blazepose-lite", threads=1)
    assert isinstance(model, BlazePoseModel)
    return model


@pytest.fixture(scope="module")
def astronaut() -> ImageArray:
    return read_image(SAMPLES / "astronaut.jpg")


def test_landmarks_in_a_picture(lite: BlazePoseModel, astronaut: ImageArray) -> None:
    """Places read off the picture: nose, eyes, mouth and shoulders of Eileen Collins."""
    poses = lite(astronaut)
    assert len(poses) == 1
    marks = {"nose": (226, 133), "left_eye": (249, 108), "right_eye": (202, 105), "left_mouth": (240, 155)}
    for name, place in marks.items():
        at = poses.keypoints[0, SKELETON.index(name)]
        assert np.linalg.norm(at - place) < 20, name
    left, right = (poses.keypoints[0, SKELETON.index(f"{side}_shoulder")] for side in ("left", "right"))
    assert 260 < left[0] < 340
    assert 80 < right[0] < 150


def test_world_positions_are_those_of_a_person(lite: BlazePoseModel, astronaut: ImageArray) -> None:
    poses = lite(astronaut)
    assert poses.world is not None
    at = {name: poses.world[0, SKELETON.index(name)] for name in ("nose", "left_hip", "right_hip", "left_shoulder")}
    np.testing.assert_allclose((at["left_hip"] + at["right_hip"]) / 2, 0, atol=0.03)
    assert -0.9 < at["nose"][1] < -0.4  # y is down
    assert at["nose"][2] < at["left_shoulder"][2]  # she faces the camera, and z points away from it
    assert at["left_shoulder"][0] > 0  # her left is the picture's right


def test_flip_test_changes_little(lite: BlazePoseModel, astronaut: ImageArray) -> None:
    plain, both = lite(astronaut), lite(astronaut, flip_test=True)
    face = slice(0, 13)
    assert np.median(np.linalg.norm(plain.keypoints[0, face] - both.keypoints[0, face], axis=1)) < 15


def test_a_turned_picture_gives_the_turned_person(lite: BlazePoseModel) -> None:
    """The crop is aligned with the body, so a person who lies is as good as one who stands."""
    frame = next(iter(open_source(str(SAMPLES / "walk.mp4")))).image
    people = lite(frame)
    woman = people[int(np.argmax(people.boxes[:, 3]))]
    height = frame.shape[0]
    lying = replace(woman, keypoints=np.stack([height - 1 - woman.keypoints[..., 1], woman.keypoints[..., 0]], axis=-1))
    found = lite.refine(np.ascontiguousarray(np.rot90(frame, -1)), lying)
    again = lite.refine(frame, woman)
    back = np.stack([found.keypoints[..., 1], height - 1 - found.keypoints[..., 0]], axis=-1)
    assert np.median(np.linalg.norm(back - again.keypoints, axis=-1)) < 1.0


def test_in_a_video_the_detector_rests(lite: BlazePoseModel) -> None:
    follower = Follower(lite)
    frames = [frame for frame, _ in zip(open_source(str(SAMPLES / "walk.mp4")), range(8), strict=False)]
    found = [follower(frame) for frame in frames]
    assert follower.detections < len(frames)
    assert all(poses.world is not None and len(poses) >= 1 for poses in found)


def test_it_converts_to_coco(lite: BlazePoseModel, astronaut: ImageArray) -> None:
    poses = lite(astronaut)
    coco = convert_poses(poses, COCO)
    chosen = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
    np.testing.assert_array_equal(coco.keypoints, poses.keypoints[:, chosen])
    assert coco.world is not None
    assert poses.world is not None
    np.testing.assert_array_equal(coco.world, poses.world[:, chosen])


def test_its_own_detector_says_where_to_look_by_its_circle() -> None:
    """Turned by a quarter to the right, as the top of the circle lies; the box, which may be cut off, says nothing."""
    skeleton = find_card("blazepose-detector")[0].load_skeleton()
    points = np.array([[[100, 80], [160, 80], [130, 80], [175, 80]]], np.float32)
    boxes, ones = np.array([[0, 0, 20, 20]], np.float32), np.ones((1, 4), np.float32)
    model, _ = model_of(proposed())
    (region,) = model.first_regions(Poses(points, ones, boxes, ones[:, 0], skeleton))
    np.testing.assert_allclose(region, (100, 80, 2 * 60 * 1.25, np.pi / 2))


def test_its_own_detector_on_a_photograph() -> None:
    folder = store().folder("blazepose-detector")
    if not (folder / "blazepose-detector.onnx").is_file():
        pytest.skip("blazepose-detector is not installed; python -m scripts.convert_blazepose --install makes it")
    image = read_image(SAMPLES / "astronaut.jpg")
    (found,) = load_model("blazepose-lite", detector="blazepose-detector")(image)
    nose = found.keypoints[0, SKELETON.index("nose")]
    assert np.hypot(nose[0] - 224, nose[1] - 121) < 15
