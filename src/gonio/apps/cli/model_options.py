"""Options that every command has which runs a model: where it runs, and who proposes people to it."""

from typing import Annotated

import typer

RuntimeOption = Annotated[
    str | None,
    typer.Option(
        "--runtime", help="onnxruntime, openvino, litert or torch.", show_default="what opens the file", metavar="NAME"
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device",
        help="cpu, cuda, cuda:1, tensorrt, directml, coreml; OpenVINO's gpu, npu, auto.",
        show_default="cpu",
        metavar="NAME",
    ),
]
DetectorOption = Annotated[
    str | None,
    typer.Option(
        "--detector",
        help="Who finds people for a top-down model: a detector or one-stage model.",
        show_default="the model's",
        metavar="NAME|CARD",
    ),
]
