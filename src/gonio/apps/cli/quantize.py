"""``gonio quantize``: a model in int8, judged on the user's pictures."""

import json as json_text
import math
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from gonio.apps.cli.console import console, number_table, say
from gonio.optional import require

if TYPE_CHECKING:
    from gonio.export.quantize_result import Quantized

_FEW = 10
"""Pictures to calibrate or to judge on; the ranges and figures of fewer are chance."""

MethodChoice = Literal["auto", "percentile", "min-max", "entropy"]


def quantize(
    model: Annotated[str, typer.Argument(help="A name from 'gonio models', a card, or an exported ONNX file.")],
    data: Annotated[Path, typer.Option(help="Folder of your pictures, to calibrate on.", metavar="DIR")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The int8 file; its card goes beside it.", show_default="MODEL-int8.onnx"),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(help="Other pictures, to judge on.", metavar="DIR", show_default="every second one of --data"),
    ] = None,
    annotations: Annotated[
        list[Path] | None, typer.Option(help="Labels of the pictures to judge on: AP counts too.", metavar="FILE")
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option(help="Where the labelled pictures are.", metavar="DIR", show_default="--check, else --data"),
    ] = None,
    method: Annotated[MethodChoice, typer.Option(help="Calibration; auto tries all.")] = "auto",
    inputs: Annotated[int, typer.Option(min=1, help="Network inputs to calibrate on.")] = 96,
    finetune: Annotated[
        int,
        typer.Option(min=0, help="Train the int8 network to answer as float32 does.", metavar="STEPS"),
    ] = 0,
    crops: Annotated[int, typer.Option(min=1, help="Network inputs that recipes are tried on.")] = 32,
    sensitivity: Annotated[bool, typer.Option("--sensitivity", help="Print what each block costs in int8.")] = False,
    keep_float: Annotated[
        list[str] | None,
        typer.Option(help="Layers that stay in float, by name or pattern; more may follow.", metavar="LAYER"),
    ] = None,
    mixed: Annotated[bool, typer.Option(help="Keep sensitive blocks in float until the gate is met.")] = True,
    max_ap_loss: Annotated[float, typer.Option(help="Gate: points of AP.")] = 1.0,
    max_shift: Annotated[float, typer.Option(help="Gate: median keypoint or box shift, % of the person's size.")] = 1.0,
    max_shift_p95: Annotated[float, typer.Option(help="Gate: 95 % of the shifts are below, %.")] = 5.0,
    max_angle: Annotated[float, typer.Option(help="Gate: median change of joint angles, degrees.")] = 2.0,
    max_angle_p95: Annotated[float, typer.Option(help="Gate: 95 % of the changes are below.")] = 10.0,
    max_lost: Annotated[float, typer.Option(help="Gate: people no longer found, %.")] = 5.0,
    force: Annotated[bool, typer.Option("--force", help="Write it whatever the gate says.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="Of each network, when timed too.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Make a small, fast int8 version of MODEL, and refuse it if people would feel the difference.

    Float and int8 are compared on your pictures: keypoints and joint angles, or the boxes of a detector; people; and
    AP where there are labels.
    docs/quantize.md says how.

    Example: gonio quantize thunder --data photos --out thunder-int8.onnx
    """
    require("onnx", extra="export", purpose="quantising a model")
    require("onnxruntime", extra="export", purpose="quantising a model")
    from gonio.export.quantize import quantize_model  # needs onnx, which is optional and slow
    from gonio.export.quantize_choice import QuantizeChoice  # beside it
    from gonio.export.quantize_gate import Gate  # beside it
    from gonio.export.quantize_int8 import METHODS  # beside it
    from gonio.export.quantize_pictures import find_pictures  # beside it
    from gonio.export.quantize_result import BelowGateError  # beside it

    target = out or Path(f"{Path(model).stem}-int8.onnx")
    gate = Gate(max_ap_loss, max_shift / 100, max_shift_p95 / 100, max_angle, max_angle_p95, max_lost / 100)
    choice = QuantizeChoice(
        METHODS if method == "auto" else (method,),
        inputs=inputs,
        finetune=finetune,
        crops=crops,
        keep_float=tuple(keep_float or ()),
        mixed=mixed,
        sensitivity=sensitivity,
        threads=threads,
        gate=gate,
        force=force,
    )
    pictures = find_pictures(data, check=check, annotations=annotations or (), images=images or ())
    if not pictures.apart:
        say("the pictures to calibrate on are those to judge on: the figures flatter", style="yellow")
    calibrate, judge = len(pictures.calibrate), len(pictures.check)
    if min(calibrate, judge) < _FEW:
        say(f"few pictures: {calibrate} to calibrate and {judge} to judge on; take a hundred or more", style="yellow")
    command = shlex.join(["gonio", *sys.argv[1:]])
    try:
        with _bar() as bar:
            task = bar.add_task("start", total=None)
            done = quantize_model(
                model,
                target,
                pictures,
                choice,
                command=command,
                progress=lambda stage, at, total: bar.update(task, description=stage, completed=at, total=total),
            )
    except BelowGateError as error:
        _show(error.result, json=json, blocks=sensitivity)
        raise
    _show(done, json=json, blocks=sensitivity)


def _bar() -> Progress:
    """Silent where standard error is no terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _show(done: "Quantized", *, json: bool, blocks: bool) -> None:
    if json:
        facts: dict[str, Any] = asdict(done) | {"speed_up": done.speed_up, "files": [str(path) for path in done.files]}
        sys.stdout.write(json_text.dumps(_without_nan(facts), allow_nan=False) + "\n")
        return
    if blocks:
        _print_sensitivity(done)
    _print(done)


def _print(done: "Quantized") -> None:
    effect, before, after = done.effect, done.float32, done.int8
    which = "box " if effect.measured == "box" else ""
    shape = " x ".join(map(str, done.input_shape))
    typer.echo(f"{done.runtime}, input {shape}, {done.pictures} pictures, {effect.people} people")
    table = number_table("", "float32", "int8", "difference")
    table.add_row(
        "size, MB", f"{before.size_mb:.2f}", f"{after.size_mb:.2f}", f"{before.size_mb / after.size_mb:.2f} x"
    )
    table.add_row("time, ms", f"{before.latency_ms:.2f}", f"{after.latency_ms:.2f}", f"{done.speed_up:.2f} x")
    fastest = before.fastest_ms / after.fastest_ms
    table.add_row("  fastest run, ms", f"{before.fastest_ms:.2f}", f"{after.fastest_ms:.2f}", f"{fastest:.2f} x")
    if before.ap is not None and after.ap is not None:
        table.add_row(f"{which}AP", f"{before.ap:.1f}", f"{after.ap:.1f}", f"{after.ap - before.ap:+.1f}")
    table.add_row("people found", str(effect.people), str(effect.people - effect.lost), f"-{effect.lost}")
    Console().print(table)
    table = number_table("int8 against float32", "median", "95 % below")
    table.add_row(f"{effect.measured} shift, px", f"{effect.shift_median_px:.2f}", f"{effect.shift_p95_px:.2f}")
    table.add_row("  % of the person's size", f"{100 * effect.shift_median:.2f}", f"{100 * effect.shift_p95:.2f}")
    if effect.angles:
        table.add_row("joint angles, degrees", f"{effect.angle_median_deg:.2f}", f"{effect.angle_p95_deg:.2f}")
    Console().print(table)
    tuned = f"fine-tuned for {done.finetune_steps} steps; " if done.finetune_steps else ""
    typer.echo(
        f"{done.method} calibration on {done.calibration_inputs} inputs; {tuned}{len(done.float_blocks)} blocks in "
        f"float ({100 * done.float_share:.0f} % of the multiplications)"
    )
    if done.speed_up < 1:
        say("int8 is slower than float32 on this processor", style="yellow")
    for fault in done.faults if done.files else ():
        say(f"below the gate: {fault}", style="yellow")
    for path in done.files:
        say(f"  {path}")


def _print_sensitivity(done: "Quantized") -> None:
    typer.echo(f"One block alone in int8, {done.effect.measured} shift in pixels of the network's input:")
    table = number_table("block (its first layer)", "layers", "% of work", "mean px", "95 % below")
    for row in done.sensitivity:
        kept = " (float)" if row.block in done.float_blocks else ""
        table.add_row(
            f"{row.block[-32:]}{kept}",
            str(row.layers),
            f"{100 * row.macs_share:.1f}",
            f"{row.shift_mean_px:.2f}",
            f"{row.shift_p95_px:.2f}",
        )
    Console().print(table)


def _without_nan(value: Any) -> Any:
    """None for NaN, as in JSON, however deep."""
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
