"""``make demo``: the real commands on the sample photograph and clip; what they found, and where it lies."""

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parent.parent
OUT = Path("demo-out")


def gonio(*arguments: str | Path) -> str:
    """Run the command in the repository; its standard output."""
    command = [Path(sys.executable).with_name("gonio"), *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"gonio {' '.join(map(str, arguments))} failed:\n{run.stderr}")
    return run.stdout


def predict(sample: str) -> tuple[list[int], float]:
    """Run ``gonio predict`` on a sample; people in each frame, and seconds."""
    start = perf_counter()
    gonio("predict", f"samples/{sample}", "--out", OUT)
    document = json.loads((ROOT / OUT / f"{Path(sample).stem}-poses.json").read_text())
    return [len(frame["people"]) for frame in document["frames"]], perf_counter() - start


def main() -> None:
    """Run both and report."""
    photo, _ = predict("astronaut.jpg")
    clip, seconds = predict("walk.mp4")
    walk = json.loads(gonio("analyse", "samples/walk.mp4", "--report", OUT / "walk-report.html", "--json"))
    cadence = next(one for one in walk["measures"] if one["name"] == "cadence")
    print(f"samples/astronaut.jpg: {photo[0]} person found")
    print(f"samples/walk.mp4: {len(clip)} frames, {sum(clip)} poses, up to {max(clip)} people a frame, {seconds:.0f} s")
    print(f"                   {walk['activity']}, {cadence['value']:.0f} +- {cadence['sd']:.0f} {cadence['unit']}")
    print(f"picture with skeletons: {OUT / 'astronaut.jpg'}")
    print(f"video with skeletons:   {OUT / 'walk-poses.mp4'}")
    print(f"report of the walk:    {OUT / 'walk-report.html'}")
    print(f"keypoints as JSON:      {OUT / 'astronaut-poses.json'}, {OUT / 'walk-poses.json'}")


if __name__ == "__main__":
    main()
