"""`Augmentation`: which kinds of change are made to training pictures, how often and how strongly.

The defaults are meant for crops of single people with 256 x 192 px; lengths in px are px of the crop.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gonio.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=20)]


class Kind(BaseModel):
    """One kind of change.

    Attributes:
        probability: How often it is made, 0 to 1; 0 switches it off.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    probability: Share

    @model_validator(mode="after")
    def _ranges_are_in_order(self) -> Self:
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple) and value[0] > value[1]:
                raise ValueError(f"{name} goes from {value[0]} to {value[1]}; give the smaller number first.")
        return self


class Scale(Kind):
    """The person is larger or smaller in the crop: so many times the size that inference would give it."""

    probability: Share = 1.0
    factor: tuple[Annotated[float, Field(ge=0.2)], Annotated[float, Field(le=5)]] = (0.7, 1.3)


class Rotation(Kind):
    """Turned about the centre of the crop by up to so many degrees, either way."""

    probability: Share = 0.6
    degrees: Annotated[float, Field(ge=0, le=180)] = 40.0


class Turn(Kind):
    """Turned by any angle at all, the full circle: people upside down and lying."""

    probability: Share = 0.05


class Translation(Kind):
    """Shifted by up to a share of the crop's width and height, either way."""

    probability: Share = 0.5
    share: Annotated[float, Field(ge=0, le=0.5)] = 0.1


class Aspect(Kind):
    """The picture stretched in width or in height, up to so many times, as badly resized photographs are."""

    probability: Share = 0.15
    stretch: Annotated[float, Field(ge=1, le=3)] = 1.8


class Flip(Kind):
    """Mirrored, left and right keypoints exchanged."""

    probability: Share = 0.5


class HalfBody(Kind):
    """The crop is made around the upper or the lower half of the body alone.

    Attributes:
        fewest: Labelled keypoints that a half needs.
        extent: The half's box is moved out on every side by this share of its longer side.
    """

    probability: Share = 0.15
    fewest: Annotated[int, Field(ge=2)] = 3
    extent: Share = 0.15


class Truncation(Kind):
    """The picture ends within the person, as at the edge of a frame; nothing but padding lies beyond.

    Attributes:
        share: Of the box's width or height is cut off, from and to.
        fewest: Labelled keypoints that must remain; else nothing is cut.
    """

    probability: Share = 0.15
    share: tuple[Share, Share] = (0.1, 0.45)
    fewest: Annotated[int, Field(ge=1)] = 4


class ObjectPatch(Kind):
    """Objects over keypoints: boxes, ellipses and blobs with a random texture, or cut from another picture.

    Attributes:
        most: Up to so many at once.
        size: Diameter, as a share of the person's size, from and to.
        from_others: How often a patch is cut from another picture, where there are any.
    """

    probability: Share = 0.3
    most: Count = 3
    size: tuple[Share, Share] = (0.12, 0.5)
    from_others: Share = 0.5


class LimbCutout(Kind):
    """A limb covered from end to end by a filled strip.

    Attributes:
        most: Up to so many limbs.
        width: Of the strip, as a share of the person's size, from and to.
    """

    probability: Share = 0.15
    most: Count = 2
    width: tuple[Share, Share] = (0.08, 0.18)


class PastedPerson(Kind):
    """Another person in front, beside the middle of the crop so that it stays clear who is meant.

    Needs other pictures. Not used on whole pictures, where someone without labels would be a wrong example.

    Attributes:
        size: Longer side of the other, as a share of this person's, from and to.
        distance: Of the other's middle from the crop's, as a share of the crop's width, from and to.
    """

    probability: Share = 0.12
    size: tuple[Annotated[float, Field(ge=0.1)], Annotated[float, Field(le=4)]] = (0.7, 1.3)
    distance: tuple[Share, Share] = (0.15, 0.5)


class SelfOcclusion(Kind):
    """Patches around two joints of the limbs exchanged, as when a limb lies over another.

    Attributes:
        most: Up to so many pairs.
        size: Diameter of a patch, as a share of the person's size, from and to.
    """

    probability: Share = 0.1
    most: Count = 2
    size: tuple[Share, Share] = (0.1, 0.22)


class Colour(Kind):
    """Brightness, contrast, saturation and hue, each by up to its strength either way.

    Attributes:
        brightness: Added, as a share of white.
        contrast: Factor about the mid-grey, from 1 - strength to 1 + strength.
        saturation: Factor, from 1 - strength to 1 + strength.
        hue: Turn of the colour circle, degrees.
    """

    probability: Share = 0.8
    brightness: Share = 0.15
    contrast: Share = 0.3
    saturation: Share = 0.4
    hue: Annotated[float, Field(ge=0, le=180)] = 15.0


class Grey(Kind):
    """Without colour."""

    probability: Share = 0.05


class LowLight(Kind):
    """Dark, of little contrast in the shadows, with the noise of a sensor at its limit.

    Attributes:
        gamma: Exponent of the darkening, from and to.
        light: What remains of white, from and to.
        noise: Most grey levels of noise, standard deviation.
    """

    probability: Share = 0.08
    gamma: tuple[Annotated[float, Field(ge=1)], Annotated[float, Field(le=5)]] = (1.3, 2.2)
    light: tuple[Share, Share] = (0.4, 0.8)
    noise: Annotated[float, Field(ge=0, le=60)] = 10.0


class Blur(Kind):
    """Out of focus: a Gaussian with a standard deviation in px, from and to."""

    probability: Share = 0.1
    sigma: tuple[Annotated[float, Field(ge=0.1)], Annotated[float, Field(le=10)]] = (0.4, 2.0)


class MotionBlur(Kind):
    """Smeared along a line of any direction and a length in px, from and to."""

    probability: Share = 0.1
    length: tuple[Annotated[float, Field(ge=2)], Annotated[float, Field(le=60)]] = (3.0, 13.0)


class Noise(Kind):
    """Gaussian noise with a standard deviation in grey levels, from and to."""

    probability: Share = 0.15
    sigma: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(le=80)]] = (2.0, 14.0)


class LowResolution(Kind):
    """Shrunk and enlarged again, as someone far from the camera: by a factor, from and to."""

    probability: Share = 0.15
    factor: tuple[Annotated[float, Field(ge=1)], Annotated[float, Field(le=16)]] = (1.5, 4.0)


class Jpeg(Kind):
    """Compressed with a JPEG quality, from and to."""

    probability: Share = 0.2
    quality: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(le=100)]] = (25, 85)


class Augmentation(BaseModel):
    """All kinds of change, in the order in which they are made.

    Attributes:
        hidden_weight: What the weight of a keypoint is multiplied with that an occluder has hidden.
        most_hidden: Occluders hide at most this share of a person's labelled keypoints; one that would hide more is
            left out.
        least_seen: Of whole pictures: people of whom less than this share of the box is still seen are dropped.

    Example:
        >>> Augmentation().switched_on()[:3]
        ('scale', 'rotation', 'turn')
        >>> Augmentation(rotation={"degrees": 10, "probability": 1}).rotation.degrees
        10.0
        >>> Augmentation.off().switched_on()
        ()
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scale: Scale = Scale()
    rotation: Rotation = Rotation()
    turn: Turn = Turn()
    translation: Translation = Translation()
    aspect: Aspect = Aspect()
    flip: Flip = Flip()
    half_body: HalfBody = HalfBody()
    truncation: Truncation = Truncation()
    self_occlusion: SelfOcclusion = SelfOcclusion()
    limb_cutout: LimbCutout = LimbCutout()
    object_patch: ObjectPatch = ObjectPatch()
    pasted_person: PastedPerson = PastedPerson()
    colour: Colour = Colour()
    grey: Grey = Grey()
    low_light: LowLight = LowLight()
    motion_blur: MotionBlur = MotionBlur()
    blur: Blur = Blur()
    noise: Noise = Noise()
    low_resolution: LowResolution = LowResolution()
    jpeg: Jpeg = Jpeg()
    hidden_weight: Share = 1.0
    most_hidden: Share = 0.6
    least_seen: Share = 0.3

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Names of all kinds."""
        return tuple(name for name, field in cls.model_fields.items() if isinstance(field.default, Kind))

    @classmethod
    def off(cls) -> Self:
        """Nothing at all: the crop is exactly that of inference."""
        return cls().only()

    def only(self, *names: str) -> Self:
        """These kinds each time, as strong as they are here, and no others.

        Raises:
            ConfigError: If there is no kind of that name.
        """
        if unknown := [name for name in names if name not in self.kinds()]:
            raise ConfigError(f"there is no augmentation {unknown[0]!r}; there are: {', '.join(self.kinds())}.")
        return self.model_copy(
            update={
                name: getattr(self, name).model_copy(update={"probability": float(name in names)})
                for name in self.kinds()
            }
        )

    def switched_on(self) -> tuple[str, ...]:
        """Names of the kinds whose probability is above 0."""
        return tuple(name for name in self.kinds() if getattr(self, name).probability > 0)
