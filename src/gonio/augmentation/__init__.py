"""Training pictures made harder: one affine and one resampling, then occluders, then what cameras do to light.

A picture and its labelled people go in, a crop (or the whole picture) with moved labels comes out.
"""

from gonio.augmentation.cutout import person_cutout
from gonio.augmentation.labels import Crop, Person, Picture
from gonio.augmentation.person import augment_crop
from gonio.augmentation.picture import augment_picture
from gonio.augmentation.settings import Augmentation

__all__ = ["Augmentation", "Crop", "Person", "Picture", "augment_crop", "augment_picture", "person_cutout"]
