"""``make demo``: the real command on the sample photograph and clip; five lines on what it found and where it lies."""

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parent.parent
OUT = Path("demo-out")


def predict(sample: str) -> tuple[list[int], float]:
    """Run ``gonio predict`` on a sample; people in each frame, and seconds."""
    gonio = Path(sys.executable).with_name("gonio")
    start = perf_counter()
    run = subprocess.run(
        [gonio, "predict", f"samples/{sample}", "--out", OUT], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False
    )
    if run.returncode:
        raise SystemExit(f"gonio predict samples/{sample} failed:\n{run.stderr}")
    document = json.loads((ROOT / OUT / f"{Path(sample).stem}-poses.json").read_text())
    return [len(frame["people"]) for frame in document["frames"]], perf_counter() - start


def main() -> None:
    """Run both and report."""
    photo, _ = predict("astronaut.jpg")
    clip, seconds = predict("walk.mp4")
    print(f"samples/astronaut.jpg: {photo[0]} person found")
    print(f"samples/walk.mp4: {len(clip)} frames, {sum(clip)} poses, up to {max(clip)} people a frame, {seconds:.0f} s")
    print(f"picture with skeletons: {OUT / 'astronaut.jpg'}")
    print(f"video with skeletons:   {OUT / 'walk-poses.mp4'}")
    print(f"keypoints as JSON:      {OUT / 'astronaut-poses.json'}, {OUT / 'walk-poses.json'}")


if __name__ == "__main__":
    main()
