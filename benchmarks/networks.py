"""What the trainable networks cost, on this machine: ``python -m benchmarks.networks`` writes docs/models/networks.md.

Each network is deployed (branches and norms folded), exported to ONNX, checked against itself and timed in ONNX
Runtime on one thread with one picture. The time is the best of many runs, taken in turns over the networks: what else
the machine does can only make a run longer.
"""

import importlib.util
import platform
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn

from gonio.training.networks import PoseNetwork, build_network, count_macs, count_parameters, deployed

PAGE = Path(__file__).parent.parent / "docs" / "models" / "networks.md"
OPSET = 18
ROUNDS, RUNS = 12, 8  # of each network, in turns

Row = tuple[str, str, dict[str, Any]]
ROWS: tuple[Row, ...] = (
    ("topdown-cnn", "s", {"head": "heatmap"}),
    ("topdown-cnn", "s", {"head": "simcc"}),
    ("topdown-cnn", "m", {"head": "heatmap"}),
    ("topdown-cnn", "m", {"head": "simcc"}),
    ("topdown-vit", "t", {}),
    ("topdown-vit", "s", {}),
    ("topdown-movenet", "lightning", {}),
    ("topdown-movenet", "thunder", {}),
    ("refined-movenet", "lightning", {}),
    ("refined-movenet", "thunder", {}),
    ("onestage", "n", {}),
    ("onestage", "s", {}),
    ("movenet", "lightning", {}),
    ("movenet", "thunder", {}),
    ("movenet", "multipose", {}),
    ("box-movenet", "multipose", {}),
)
HEAD = """# Networks to train

`gonio.training.networks` holds them as plain PyTorch (extra `train`); `build_network(kind, size, n_keypoints=17)` makes
one. They take RGB, `pixel / 127.5 - 1`. Only MoveNet comes with trained weights; the others start from random ones.

- `topdown-cnn`: one person per crop, dense re-parameterised 3 x 3 blocks and inverted residuals; `head="heatmap"`
  (codec `Heatmap`) or `head="simcc"` (`SimCC`).
- `topdown-vit`: one person per crop, a plain Vision Transformer with ViTPose's simple decoder (`Heatmap`).
- `topdown-movenet`: one person per crop, MoveNet's body and its head of heatmaps alone (`Heatmap`), with the shipped
  weights to start from (`pretrained`) and batch norms put back (`normed_from`).
- `refined-movenet`: one person per crop, MoveNet's own maps corrected by a pyramid on its body (`Heatmap`), with the
  shipped weights to start from (`pretrained`); `recipes/thunder-refined.yaml` trains the pyramid alone.
- `onestage`: everyone in a picture, with boxes (`MultiPersonGrid`): a pose model, and the detector of the top-down way.
- `movenet`: Lightning, Thunder (`SinglePersonGrid`) and MultiPose (`MultiPersonGrid`); `movenet-pretrained` starts from
  the shipped weights, with another skeleton too: then the last layers of the keypoint heads are new.
- `box-movenet`: everyone's box alone (`BoxGrid`), a detector on the trunk of MoveNet MultiPose, with the shipped
  weights to start from (`pretrained`); `recipes/gonio-det.yaml` trains its head alone.

SimCC networks are made for one input size; the others take any whose sides are multiples of 32 px.

## Cost

"""


@dataclass(frozen=True, slots=True)
class Cost:
    """One line of the table.

    Attributes:
        kind: The network.
        size: Its configuration.
        input_hw: px.
        parameters: Of the deployed network.
        macs: Multiply-adds for one input.
        milliseconds: Best run.
        error: Largest difference of the exported network from the trained form, of the largest output.
    """

    kind: str
    size: str
    input_hw: tuple[int, int]
    parameters: int
    macs: int
    milliseconds: float
    error: float


class InOrder(nn.Module):
    """A network whose outputs have an order instead of names, as the exporters want it."""

    def __init__(self, network: PoseNetwork) -> None:
        """Wrap a network."""
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """The outputs in the order of the codec."""
        outputs = self.network(image)
        return tuple(outputs[name] for name in self.network.codec.output_channels)


def exporter() -> str:
    """Which of PyTorch's exporters is used, for people to read."""
    has_script = importlib.util.find_spec("onnxscript") is not None
    return "torch.export (dynamo)" if has_script else "TorchScript (onnxscript is not installed)"


def export(network: PoseNetwork, path: Path) -> None:
    """Write a deployed network as ONNX, for one input of its own size."""
    names = list(network.codec.output_channels)
    image = torch.zeros(1, 3, *network.input_hw)
    dynamo = exporter().startswith("torch.export")
    arguments: dict[str, Any] = {"input_names": ["image"], "output_names": names, "opset_version": OPSET}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters announce their successors and their own deprecations
        torch.onnx.export(InOrder(network).eval(), (image,), path, dynamo=dynamo, verbose=False, **arguments)


def session(path: Path) -> ort.InferenceSession:
    """ONNX Runtime on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def export_error(network: PoseNetwork, exported: ort.InferenceSession) -> float:
    """Largest difference between a network in evaluation mode and its exported form, of the largest output."""
    image = torch.randn(1, 3, *network.input_hw, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = network.eval()(image)
    names = list(network.codec.output_channels)
    found = dict(zip(names, exported.run(names, {"image": image.numpy()}), strict=True))
    largest = max(float(expected[name].abs().max()) for name in names)
    return max(float(np.abs(found[name] - expected[name].numpy()).max()) for name in names) / largest


def best_ms(sessions: Sequence[ort.InferenceSession], *, rounds: int, runs: int) -> list[float]:
    """Best time of one run of each, in turns."""
    best = [float("inf")] * len(sessions)
    for _ in range(rounds):
        for i, exported in enumerate(sessions):
            (node,) = exported.get_inputs()
            image = np.zeros(node.shape, np.float32)
            for _ in range(runs):
                start = time.perf_counter()
                exported.run(None, {node.name: image})
                best[i] = min(best[i], (time.perf_counter() - start) * 1e3)
    return best


def measure(rows: Sequence[Row], *, rounds: int = ROUNDS, runs: int = RUNS) -> list[Cost]:
    """The costs of these networks, with random weights."""
    torch.manual_seed(0)
    networks = [build_network(kind, size, n_keypoints=17, **parameters) for kind, size, parameters in rows]
    plain = [deployed(network) for network in networks]
    sessions = []
    with tempfile.TemporaryDirectory() as folder:
        for i, network in enumerate(plain):
            path = Path(folder) / f"{i}.onnx"
            export(network, path)
            sessions.append(session(path))
    times = best_ms(sessions, rounds=rounds, runs=runs)
    return [
        Cost(
            kind=kind,
            size=network.size,
            input_hw=network.input_hw,
            parameters=count_parameters(folded),
            macs=count_macs(folded, network.input_hw),
            milliseconds=milliseconds,
            error=export_error(network, exported),
        )
        for (kind, _, _), network, folded, exported, milliseconds in zip(
            rows, networks, plain, sessions, times, strict=True
        )
    ]


def page(costs: Sequence[Cost]) -> str:
    """The page in Markdown."""
    lines = [
        f"By `python -m benchmarks.networks`: PyTorch {torch.__version__.split('+')[0]}, exporter {exporter()}, opset",
        f"{OPSET}; onnxruntime {ort.__version__} on {processor()}, one thread, one input, best of {ROUNDS * RUNS}",
        "runs. Parameters and multiply-adds (convolutions, linear layers, attention) are those of the deployed",
        "network, whose norms and parallel branches are folded. The last column is the largest difference between the",
        "network in training form and its export, as a share of the largest output.",
        "",
        "| kind | size | input, h x w | parameters | MACs | ms | export |",
        "|---|---|---|---:|---:|---:|---:|",
        *(_line(cost) for cost in costs),
    ]
    return HEAD + "\n".join(lines) + "\n"


def _line(cost: Cost) -> str:
    height, width = cost.input_hw
    numbers = f"{cost.parameters / 1e6:.2f} M | {cost.macs / 1e6:.0f} M | {cost.milliseconds:.1f} | {cost.error:.0e}"
    return f"| `{cost.kind}` | `{cost.size}` | {height} x {width} | {numbers} |"


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    """Measure, write, print."""
    text = page(measure(ROWS))
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
