"""Networks that decode by themselves: whatever people there are, their numbers come back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gonio.codecs import Codec, DecodedPeople
from gonio.codecs.movenet_decoded import MoveNetDecoded
from gonio.codecs.rtmo import RTMO

K = 4
sides = st.integers(1, 20).map(lambda n: 32 * n)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 8), height=sides, width=sides, many=st.booleans())
def test_people_come_back(seed: int, n: int, height: int, width: int, many: bool) -> None:
    rng = np.random.default_rng(seed)
    size = np.array([width, height], np.float32)
    people = DecodedPeople(
        keypoints=(rng.uniform(-0.2, 1.2, (n, K, 2)) * size).astype(np.float32),
        scores=rng.uniform(0, 1, (n, K)).astype(np.float32),
        boxes=(rng.uniform(-0.2, 1.2, (n, 4)) * np.tile(size, 2)).astype(np.float32),
        person_scores=rng.uniform(0.06, 1, n).astype(np.float32),
    )
    codec: Codec = MoveNetDecoded(K, (height, width), people="many") if many else RTMO(K)
    (found,) = codec.decode(codec.encode(people, (height, width)))
    for name in ("keypoints", "boxes"):  # parts of the input keep 6e-8 of its size
        np.testing.assert_allclose(getattr(found, name), getattr(people, name), rtol=0, atol=1e-3)
    for name in ("scores", "person_scores"):
        np.testing.assert_array_equal(getattr(found, name), getattr(people, name))
