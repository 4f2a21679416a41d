"""``gonio export``: a model as a file for another runtime, proved against the model."""

import json as json_text
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gonio.apps.cli.console import say
from gonio.errors import ConfigError
from gonio.export.formats import DEFAULT_OPSET, Format, Precision
from gonio.models.card import Proposals
from gonio.optional import require


def export(
    model: Annotated[
        str, typer.Argument(help="A checkpoint (.safetensors), a name from 'gonio models', a card or ONNX file.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file: .onnx .xml .pt .tflite", metavar="FILE")],
    format: Annotated[Format, typer.Option(help="For which runtime.")] = "onnx",  # noqa: A002 - the option's name
    precision: Annotated[
        Precision, typer.Option(help="Of the stored weights: float16 halves the file (onnx, openvino).")
    ] = "float32",
    opset: Annotated[int, typer.Option(help="Of ONNX, 18 to 23.")] = DEFAULT_OPSET,
    batch: Annotated[
        str, typer.Option(help="Inputs a run: a number, or 'dynamic'. LiteRT has a number, 1.")
    ] = "dynamic",
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of pictures to compare on.", metavar="DIR", show_default="the sample pictures"),
    ] = None,
    limit_px: Annotated[
        float | None,
        typer.Option(help="How far a keypoint may be from the source's, px.", show_default="0.05; float16: 0.5"),
    ] = None,
    proposals: Annotated[
        str | None,
        typer.Option(
            help="Who proposes people to a top-down model: a one-stage model, or 'none': the whole picture.",
            metavar="MODEL|none",
            show_default="the model's",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Write MODEL as ONNX, OpenVINO, TorchScript or LiteRT, and prove the file: same inputs, same keypoints.

    A file that fails the comparison is not left behind. An ONNX file runs at once: gonio predict --model FILE.onnx

    Examples:
      gonio export runs/mine/best.safetensors --out mine.onnx
      gonio export thunder --format openvino --precision float16 --out thunder.xml
    """
    require("torch", extra="export", purpose="exporting a model")
    require("onnx", extra="export", purpose="exporting a model")
    require("safetensors", extra="export", purpose="exporting a model")
    from gonio.export.exporting import ExportChoice, export_model  # needs torch, which is optional and slow
    from gonio.export.inputs import pictures_for_parity  # beside it
    from gonio.export.source import find_source  # needs torch as well

    choice = ExportChoice(format, precision, opset, _batch(batch), limit_px)
    source = find_source(model)
    if proposals is not None:
        source = source.proposed_by(None if proposals == "none" else Proposals(model=proposals, min_score=0.05))
    done = export_model(source, out, choice, pictures=pictures_for_parity(images))
    if json:
        facts = {"files": [str(path) for path in done.files], "bytes": done.size_bytes, "runtime": done.runtime}
        facts |= {"pictures": done.pictures, "parity": asdict(done.parity)}
        sys.stdout.write(json_text.dumps(facts) + "\n")
        return
    say(f"{done.size_bytes / 1e6:.1f} MB, {done.runtime}, on {done.pictures} pictures and noise")
    say(f"compared with its source: {done.parity}")
    if not done.pictures:
        say("no pictures were there to compare on: give some with --images FOLDER", style="yellow")
    for path in done.files:
        say(f"  {path}")


def _batch(text: str) -> int | None:
    if text == "dynamic":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"batch is {text!r}; give a number from 1, or 'dynamic'")
    return int(text)
