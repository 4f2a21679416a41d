"""From label files to batches: which pictures, which people, which order, and what a grid is not taught."""

import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image

from gonio.augmentation import Augmentation
from gonio.codecs import BoxGrid, Codec, Heatmap, MultiPersonGrid, SinglePersonGrid
from gonio.errors import ConfigError, MediaError
from gonio.structures.skeleton import load_skeleton
from gonio.training.data import Labelled, is_learnable, load_data, load_labelled
from gonio.training.interrupts import STOPS, deaf
from gonio.training.networks import TopDownCnn
from gonio.training.order import EpochOrder, batches, make_loader
from gonio.training.recipe import Data, LabelSource
from gonio.training.samples import Batch, People, Scenes, ignored_cells, others_cells
from gonio.training.validation import Validator

HW = (64, 48)
K = 17


def source(path: Path, **settings: Any) -> LabelSource:
    return LabelSource(labels=path, **settings)


@pytest.fixture(scope="module")
def labels(drawn_people: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten pictures of two people."""
    return Path(drawn_people(tmp_path_factory.mktemp("people"), 10, people=2))


def data(labels: Path, **settings: Any) -> Data:
    return Data(train=(source(labels),), **({"augmentation": Augmentation.off()} | settings))


def people(labels: Path, codec: Codec | None = None, **settings: Any) -> People:
    chosen = data(labels, **settings)
    return People(load_labelled(chosen.train, None), data=chosen, codec=codec or Heatmap(K), input_hw=HW, seed=0)


def test_a_part_is_held_out_the_same_each_time(labels: Path) -> None:
    learn, measure = load_data(data(labels, held_out=0.2), seed=0)
    assert (len(learn), len(measure)) == (8, 2)
    assert not {one.path for one in learn} & {one.path for one in measure}
    assert [one.path for one in load_data(data(labels, held_out=0.2), seed=0)[1]] == [one.path for one in measure]


def test_a_picture_that_two_files_label_is_on_one_side(labels: Path) -> None:
    twice = Data(train=(source(labels), source(labels, weight=0.5)), held_out=0.3)
    learn, measure = load_data(twice, seed=0)
    assert (len(learn), len(measure)) == (14, 6)
    assert not {one.path for one in learn} & {one.path for one in measure}


def test_weights_and_repeats_of_a_source(labels: Path) -> None:
    found = load_labelled([source(labels, weight=0.25, repeat=3)], None)
    assert all(one.labels.weights is not None and (one.labels.weights == 0.25).all() for one in found)
    chosen = Data(train=(source(labels, repeat=3),))
    both = People(load_labelled(chosen.train, None), data=chosen, codec=Heatmap(K), input_hw=HW, seed=0)
    assert len(both) == 20
    assert np.bincount(both.order).tolist() == [3] * 20


def test_skeletons_must_agree(labels: Path, tmp_path: Path) -> None:
    content = json.loads(labels.read_text())
    content["categories"][0]["keypoints"][0] = "beak"
    (tmp_path / "other.json").write_text(json.dumps(content))
    sources = (source(labels), source(tmp_path / "other.json", images=(labels.parent,)))
    with pytest.raises(ConfigError, match=r"has the keypoints of .* others have those of 'coco17'; name one in data"):
        load_labelled(sources, None)
    assert len(load_labelled(sources, load_skeleton("coco17"))) == 20


def test_who_is_learnt_from(labels: Path) -> None:
    one = load_labelled([source(labels)], None)[0].labels
    assert is_learnable(one, 0, 17)
    assert not is_learnable(replace(one, is_crowd=np.array([True, False])), 0, 3)
    assert not is_learnable(replace(one, boxes=one.boxes * 0), 0, 3)
    longer = float((one.boxes[0, 2:] - one.boxes[0, :2]).max())
    assert is_learnable(one, 0, 17, longer)
    assert not is_learnable(one, 0, 17, longer + 1)
    assert not is_learnable(replace(one, visibility=one.visibility * 0), 0, 3)
    assert one.weights is not None
    assert not is_learnable(replace(one, weights=one.weights * 0), 0, 3)


@pytest.mark.parametrize("codec", [Heatmap(K), SinglePersonGrid(K)], ids=["heatmap", "grid"])
def test_a_crop_shows_what_its_labels_say(labels: Path, codec: Codec) -> None:
    """Decoding the targets gives the keypoints back, within half a px of a float32 grid."""
    for index in range(3):
        sample = people(labels, codec)[(0, 0, index)]
        assert sample["image"].shape == (3, *HW)
        assert sample["image"].dtype == torch.uint8
        assert sample["weights"].shape == (K,)
        [found] = codec.decode({name: value[None].numpy() for name, value in sample["targets"].items()})
        seen = sample["weights"].numpy() > 0
        assert seen.sum() > 10
        assert np.abs(found.keypoints[0] - sample["keypoints"].numpy())[seen].max() < 3


def test_samples_depend_on_epoch_and_place_alone(labels: Path) -> None:
    """The same key gives the same bytes, in another process too; another epoch or place another crop."""
    loud = people(labels, augmentation=Augmentation())
    copy = pickle.loads(pickle.dumps(loud))  # noqa: S301 - as a worker gets it
    first = loud[(1, 5, 0)]
    assert torch.equal(first["image"], copy[(1, 5, 0)]["image"])
    for key in ((2, 5, 0), (1, 6, 0)):
        assert not torch.equal(first["image"], loud[key]["image"])


def test_the_order_is_a_shuffle_that_any_number_of_processes_share() -> None:
    def seen(world: int, rank: int, *, epoch: int = 0, first_step: int = 0) -> list[list[tuple[int, int, int]]]:
        order = EpochOrder(np.arange(10), batch_size=4, steps=5, seed=3, rank=rank, world=world)
        order.epoch, order.first_step = epoch, first_step
        assert len(order) == 5 - first_step
        return list(order)

    whole = seen(1, 0)
    assert [key[1] for batch in whole for key in batch] == list(range(20))
    assert sorted(key[2] for batch in whole for key in batch) == sorted([*range(10), *range(10)])
    assert [a + b for a, b in zip(seen(2, 0), seen(2, 1), strict=True)] == whole
    assert seen(1, 0, first_step=3) == whole[3:]
    assert [key[2] for key in seen(1, 0, epoch=1)[0]] != [key[2] for key in whole[0]]


def test_how_many_steps_an_epoch_has() -> None:
    assert EpochOrder(np.arange(10), batch_size=4, steps=None, seed=0, rank=0, world=1).steps == 2
    few = EpochOrder(np.arange(3), batch_size=8, steps=None, seed=0, rank=0, world=1)
    assert [len(batch) for batch in few] == [8]
    with pytest.raises(ConfigError, match="batch_size 4 cannot be divided among 3 processes; give a multiple"):
        EpochOrder(np.arange(10), batch_size=4, steps=None, seed=0, rank=0, world=3)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_picture_is_told_in_one_sentence(labels: Path, tmp_path: Path, workers: int) -> None:
    one = load_labelled([source(labels)], None)[0]
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    chosen = data(labels)
    bad = People([Labelled(tmp_path / "bad.jpg", one.labels)], data=chosen, codec=Heatmap(K), input_hw=HW, seed=0)
    order = EpochOrder(bad.order, batch_size=1, steps=None, seed=0, rank=0, world=1)
    with pytest.raises(MediaError, match=r"^[^\n]*bad\.jpg[^\n]*$"):
        list(batches(make_loader(bad, order, workers=workers)))


@pytest.mark.parametrize(("hw", "said"), [((64, 96), "take the pictures in the size"), ((128, 96), "EXIF orientation")])
def test_pictures_of_another_size_than_their_labels_teach_nothing(labels: Path, hw: tuple[int, int], said: str) -> None:
    """Half as large, or on their side by their EXIF data: labels would point elsewhere, and nobody would see it."""
    chosen = data(labels)
    pictures = load_labelled(chosen.train, None)
    if "EXIF" in said:
        path = labels.parent / "lying.jpg"
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", hw).save(path, exif=exif)
        pictures = [replace(one, path=path) for one in pictures]
    wrong = [replace(one, labels=replace(one.labels, image_hw=(hw[1], hw[0]))) for one in pictures]
    seen = People(wrong, data=chosen, codec=Heatmap(K), input_hw=HW, seed=0)
    with pytest.raises(MediaError, match=rf"its labels are of {hw[0]} x {hw[1]} px; .*{said}.*'gonio data lint'"):
        seen[(0, 0, 0)]


def test_a_terminal_s_stop_does_not_reach_a_process_that_starts() -> None:
    """It would die with a traceback before it can say that Ctrl-C is not for it."""
    with deaf():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"])
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 0
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_what_a_terminal_tells_all_processes_leaves_workers_be(labels: Path) -> None:
    """The main one saves, and ends the others."""
    dataset = people(labels)
    order = EpochOrder(dataset.order, batch_size=1, steps=8, seed=0, rank=0, world=1)
    before = {child.pid for child in multiprocessing.active_children()}
    coming = batches(make_loader(dataset, order, workers=1))
    next(coming)
    (worker,) = {child.pid for child in multiprocessing.active_children()} - before
    for number in STOPS:
        if number != signal.SIGTERM:
            os.kill(worker or 0, number)
    assert len(list(coming)) == 7


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process at once")
def test_sigterm_ends_a_worker_in_order(labels: Path) -> None:
    """Of an end by a signal PyTorch raises RuntimeError in the middle of whatever the main process does."""
    dataset = people(labels)
    order = EpochOrder(dataset.order, batch_size=1, steps=8, seed=0, rank=0, world=1)
    before = set(multiprocessing.active_children())
    coming = batches(make_loader(dataset, order, workers=1))
    next(coming)
    (worker,) = set(multiprocessing.active_children()) - before
    subprocess.run(["kill", str(worker.pid)], check=True)  # of the main process's own SIGTERM PyTorch says nothing
    worker.join(30)
    assert worker.exitcode == 0


class EndedLoader:
    """Its process was ended."""

    num_workers = 1

    def __iter__(self) -> Iterator[Batch]:
        raise RuntimeError("DataLoader worker (pid 1) is killed by signal: Terminated.")


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system sends no signal to a thread")
@pytest.mark.parametrize("stopped", [True, False])
def test_who_ended_the_workers(monkeypatch: pytest.MonkeyPatch, stopped: bool) -> None:
    """A stop that ends them all reaches the main process a little later; without one it is a fault."""
    monkeypatch.setattr("gonio.training.order._STOP_S", 10.0 if stopped else 0.01)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    late = threading.Timer(0.2, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM))
    try:
        if stopped:
            late.start()
        with pytest.raises(KeyboardInterrupt if stopped else RuntimeError):
            list(batches(cast("Any", EndedLoader())))
    finally:
        late.cancel()
        signal.signal(signal.SIGTERM, before)


def test_a_keypoint_that_counts_nothing_does_not_move_the_centre(labels: Path) -> None:
    found = load_labelled([source(labels)], None)
    one = found[0].labels
    assert one.weights is not None
    moved, weights = one.keypoints.copy(), one.weights.copy()
    moved[0, 11:], weights[0, 11:] = one.boxes[0, :2] + 1, 0
    cells = []
    for keypoints in (one.keypoints, moved):
        found[0] = Labelled(found[0].path, replace(one, keypoints=keypoints, weights=weights))
        dataset = People(
            found, data=data(labels, augmentation=Augmentation.off()), codec=SinglePersonGrid(K), input_hw=HW, seed=0
        )
        cells.append(torch.nonzero(dataset[(0, 0, 0)]["targets"]["center"] == 1).tolist())
    assert cells[0] == cells[1]


def test_other_people_teach_nothing_in_a_crop_but_at_the_peaks(labels: Path) -> None:
    """MoveNet's maps show everybody; nobody is taught that the neighbour is nobody."""
    dataset = people(labels, SinglePersonGrid(K))
    targets = dataset[(0, 0, 0)]["targets"]
    peaks = torch.cat([targets["center"], targets["heatmap"]]).numpy()
    assert targets["ignore"].shape == peaks.shape
    height, width = peaks.shape[1:]
    half = others_cells(
        {name: targets[name].numpy() for name in targets}, np.array([[0, 0, 4 * width, 2 * height]], np.float32), 4
    )
    lower = int(np.ceil(height / 2))
    assert not half[:, lower:].any()
    assert (half[:, :lower] == (peaks[:, :lower] <= 0.1)).all()
    beside = others_cells(
        {name: targets[name].numpy() for name in targets}, np.array([[-9, -9, -2, -2]], np.float32), 4
    )
    assert not beside.any()


def scene(labels: Path, change: Any, **settings: Any) -> tuple[dict[str, torch.Tensor], Scenes]:
    """Targets of the first picture after a change of its labels."""
    found = load_labelled([source(labels)], None)
    found[0] = Labelled(found[0].path, change(found[0].labels))
    scenes = Scenes(found, data=data(labels, **settings), codec=MultiPersonGrid(K), input_hw=(96, 96), seed=0)
    targets: dict[str, torch.Tensor] = scenes[(0, 0, 0)]["targets"]
    return targets, scenes


def test_a_detector_is_told_everyones_box_and_where_there_are_crowds(labels: Path) -> None:
    found = load_labelled([source(labels)], None)
    one = found[0].labels
    two = np.concatenate([one.boxes[:1], one.boxes[:1] + 8])
    crowded = one.only(np.zeros(2, np.int64))
    crowded = replace(crowded, boxes=two.astype(np.float32), is_crowd=np.array([False, True]))
    found[0] = Labelled(found[0].path, crowded)
    still = Augmentation.off().model_dump(mode="json")
    made = Scenes(found, data=data(labels, augmentation=still), codec=BoxGrid(K), input_hw=(96, 96), seed=0)
    targets = made[(0, 0, 0)]["targets"]
    people, crowds = (rows[torch.isfinite(rows).all(dim=1)] for rows in (targets["boxes"], targets["crowd"]))
    assert len(people) == len(crowds) == 1
    assert targets["boxes"].shape == targets["crowd"].shape
    height, width = one.image_hw
    scale = min(96 / height, 96 / width)
    np.testing.assert_allclose(people[0].numpy(), two[0] * scale, atol=0.01)
    np.testing.assert_allclose(crowds[0].numpy(), np.minimum(two[1] * scale, 96), atol=0.01)


def test_everybody_of_a_picture_is_a_target(labels: Path) -> None:
    targets, scenes = scene(labels, lambda one: one)
    assert targets["ignore"].shape == (1 + K, 24, 24)
    assert not targets["ignore"].any()
    assert int((targets["center"] == 1).sum()) == 2
    assert (targets["box_scale"] != 0).any()
    assert len(scenes) == 10


def test_a_person_of_whom_only_the_box_is_known(labels: Path) -> None:
    """Has a centre and a box; the keypoints' maps teach nothing there, but where somebody else is labelled."""

    def boxed(one: Any) -> Any:
        seen = one.visibility.copy()
        seen[0] = 0
        boxes = one.boxes.copy()
        boxes[0] = (0, 0, 96, 96)
        return replace(one, visibility=seen, boxes=boxes)

    targets, _ = scene(labels, boxed)
    assert int((targets["center"] == 1).sum()) == 2
    assert targets["center"][0, 12, 12] == 1
    assert not targets["ignore"][0].any()
    peaks = targets["heatmap"] == 1
    assert int(peaks.sum()) == K
    assert not targets["ignore"][1:][peaks].any()
    assert targets["ignore"][1:][~peaks].all()


def test_a_crowd_is_ignored_and_nobody_is_nobody(labels: Path) -> None:
    targets, _ = scene(labels, lambda one: replace(one, is_crowd=np.array([True, False])))
    assert int((targets["center"] == 1).sum()) == 1
    assert targets["ignore"][0].any()
    assert not targets["ignore"][0][targets["center"][0] == 1].any()
    empty, _ = scene(labels, lambda one: one.only(np.zeros(0, np.int64)))
    assert not any(value.any() for value in empty.values())


def test_a_doubted_label_counts_as_it_is_trusted() -> None:
    weights = np.array([[1.0, 0.25, 0.0]], np.float32)
    keypoints = np.array([[(1.5, 1.5), (2.5, 1.5), (np.nan, np.nan)]], np.float32)
    ignore = ignored_cells(np.array([[0, 0, 3, 3]]), keypoints, weights, np.array([False]), (32, 32), 4)
    assert ignore[:, :3, :3].reshape(4, -1).mean(axis=1).tolist() == [0, 0, 0.75, 1]
    assert not ignore[:, 3:].any()


def test_data_of_nobody(labels: Path) -> None:
    nobody = [
        Labelled(one.path, one.labels.only(np.zeros(0, np.int64))) for one in load_labelled([source(labels)], None)
    ]
    with pytest.raises(ConfigError, match="none of 10 pictures shows a labelled person"):
        Scenes(nobody, data=data(labels), codec=MultiPersonGrid(K), input_hw=HW, seed=0)
    network = TopDownCnn("s", input_hw=(64, 32))
    for top_down in (True, False):
        with pytest.raises(ConfigError, match="none of 10 pictures to measure on shows a person"):
            Validator(nobody, data=data(labels), network=network, top_down=top_down)
    found = load_labelled([source(labels)], None)
    mixed = [*nobody[:5], *found[5:]]
    assert len(Validator(mixed, data=data(labels), network=network, top_down=True).pictures) == 5
    assert len(Validator(mixed, data=data(labels), network=network, top_down=False).pictures) == 10
    some = Validator(found, data=data(labels, val_people=8), network=network, top_down=True).pictures
    assert [len(some), some[0].path.name, some[-1].path.name] == [4, "00.jpg", "07.jpg"]
