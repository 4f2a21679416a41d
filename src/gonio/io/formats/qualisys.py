"""Calibrations of Qualisys Track Manager (``.qca.txt``, which is XML): where cameras stand and what lenses they have.

Their pixels are counted in 64ths, their lengths in millimetres, their cameras look along their own negative z with y
up; the world has z up.
"""

from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from gonio.errors import ConfigError, MediaError
from gonio.geometry.calibrated_camera import CalibratedCamera
from gonio.io.formats.label_parts import unusable

_SUBPIXELS = 64
_MM_PER_M = 1000
_DOWN_AND_FORWARD = np.diag([1.0, -1.0, -1.0])
"""From right, up, backward to right, down, forward."""
_DISTORTION = (
    "radialDistortion1",
    "radialDistortion2",
    "tangentalDistortion1",  # their spelling
    "tangentalDistortion2",
    "radialDistortion3",
)


def read_qualisys(path: str | Path) -> tuple[CalibratedCamera, ...]:
    """The cameras of a calibration, in the order of the file, named by their serial numbers; world in metres, z up.

    Raises:
        MediaError: If it cannot be read, is no such calibration, or has a camera whose picture is turned.

    Source:
        Qualisys Track Manager's "QTM RT Server Protocol", calibration XML; checked on fixed objects that four cameras
        see (docs/multi-camera.md).
    """
    path = Path(path)
    try:
        # Expat itself refuses entities that blow up (2.4.1 and later), and none is fetched.
        root = ElementTree.parse(path).getroot()  # noqa: S314
    except OSError as error:
        raise MediaError(f"cannot read '{path}': {error.strerror or error}; check the path") from error
    except ElementTree.ParseError as error:
        raise unusable(path, f"it is not XML ({error})", "export the calibration from QTM again") from error
    cameras = tuple(_camera(element, path) for element in root.iter("camera"))
    if not cameras:
        raise unusable(path, "it has no camera", "is it a calibration of Qualisys Track Manager?")
    return cameras


def _camera(element: Element, path: Path) -> CalibratedCamera:
    name = element.get("serial", "?")
    if (turned := element.get("viewrotation", "0")) not in ("0", "0.0"):
        raise unusable(
            path, f"camera {name!r} has a view rotation of {turned} degrees", "export it with viewrotation 0"
        )
    try:
        return _read_camera(element, name)
    except (KeyError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise unusable(path, str(error), "export the calibration from QTM again") from error
        raise unusable(path, f"camera {name!r} lacks a number ({error})", "export the calibration again") from error


def _read_camera(element: Element, name: str) -> CalibratedCamera:
    field = _numbers(element, "fov_video", "left", "top", "right", "bottom")
    centre = _numbers(element, "intrinsic", "centerPointU", "centerPointV") / _SUBPIXELS - field[:2]
    focal = _numbers(element, "intrinsic", "focalLengthU", "focalLengthV") / _SUBPIXELS
    axes = _numbers(element, "transform", *(f"r{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3)))
    width, height = (field[2:] - field[:2] + 1).round().astype(int).tolist()
    return CalibratedCamera(
        name=name,
        size_wh=(width, height),
        matrix=np.array([[focal[0], 0, centre[0]], [0, focal[1], centre[1]], [0, 0, 1]]),
        distortion=_numbers(element, "intrinsic", *_DISTORTION),
        rotation=_DOWN_AND_FORWARD @ axes.reshape(3, 3),
        position=_numbers(element, "transform", "x", "y", "z") / _MM_PER_M,
    )


def _numbers(element: Element, part: str, *names: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = element.find(part)
    if found is None:
        raise KeyError(part)
    return np.array([float(found.attrib[name]) for name in names], np.float64)
