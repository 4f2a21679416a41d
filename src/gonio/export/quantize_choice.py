"""What a user chooses about int8."""

from dataclasses import dataclass, field

from gonio.errors import ConfigError
from gonio.export.quantize_gate import Gate
from gonio.export.quantize_int8 import METHODS, Method

FINETUNE_INPUTS = 512
"""What fine-tuning learns on, at most; of 256 x 192 pixels each they take 300 MB."""


@dataclass(frozen=True, slots=True)
class QuantizeChoice:
    """How to quantise.

    Attributes:
        methods: Of calibration; of several the one that moves keypoints or boxes least is taken.
        inputs: Network inputs to calibrate on, at most.
        finetune: Steps of fine-tuning on up to `FINETUNE_INPUTS` inputs; 0: none.
        crops: Network inputs that recipes are tried on, at most.
        keep_float: Patterns of names of layers that stay in float whatever the gate says.
        mixed: Keep sensitive blocks in float until the gate is met.
        sensitivity: Measure every block, also where the gate is met without.
        threads: Of each network, when timed too.
        repeat: Timed runs.
        gate: The most that int8 may cost.
        force: Write also what the gate refuses.
    """

    methods: tuple[Method, ...] = METHODS
    inputs: int = 96
    finetune: int = 0
    crops: int = 32
    keep_float: tuple[str, ...] = ()
    mixed: bool = True
    sensitivity: bool = False
    threads: int = 1
    repeat: int = 50
    gate: Gate = field(default_factory=Gate)
    force: bool = False

    def __post_init__(self) -> None:
        for name in ("inputs", "crops", "threads", "repeat"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; give a whole number from 1")
        if self.finetune < 0:
            raise ConfigError(f"finetune is {self.finetune}; give a number of steps, or 0 for none")
