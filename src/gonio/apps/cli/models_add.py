"""``gonio models add`` and ``gonio models check``: a user's own model file on the shelf, and whether it works there."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from gonio.apps.cli.console import say
from gonio.apps.cli.skeleton_option import read_skeleton
from gonio.draw.overlay import DrawStyle, draw_poses
from gonio.errors import ConfigError
from gonio.io.atomic import atomic_path
from gonio.io.images import read_image, write_image
from gonio.models.card import ModelCard
from gonio.models.recognise import Choices, recognise, taken_for
from gonio.models.registry import find_card, shelf_of
from gonio.models.selfcheck import CHECK_PICTURE, Check, causes, check_model
from gonio.models.store import store

_FOLDER = Path("gonio-out")


def add(
    file: Annotated[Path, typer.Argument(help="The model, an ONNX file.", metavar="MODEL.onnx")],
    name: Annotated[str | None, typer.Option(help="What to call it.", show_default="as the file")] = None,
    codec: Annotated[
        str | None, typer.Option(help="How its outputs stand for people; see docs/your-model.md.", show_default="seen")
    ] = None,
    skeleton: Annotated[
        str | None,
        typer.Option(help="coco17, halpe26 …, a TOML file, or names by commas in its order.", show_default="seen"),
    ] = None,
    mean: Annotated[
        tuple[float, float, float] | None,
        typer.Option(help="Taken from each channel, in the network's order, of 0..255.", show_default="the family's"),
    ] = None,
    std: Annotated[
        tuple[float, float, float] | None,
        typer.Option(help="Then each channel is divided by it.", show_default="the family's"),
    ] = None,
    channel_order: Annotated[
        Literal["rgb", "bgr"] | None, typer.Option(help="Of the network.", show_default="the family's")
    ] = None,
    input_hw: Annotated[
        tuple[int, int] | None, typer.Option(help="Height and width of its input, px.", show_default="the file's")
    ] = None,
    margin: Annotated[float | None, typer.Option(help="Crop, by the person's box.", show_default="1.25")] = None,
    placement: Annotated[
        Literal["corner", "centre"] | None,
        typer.Option(help="Of the picture in its padding.", show_default="the family's"),
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Also list it in 'gonio models', to be called by its name anywhere.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a card that is there.")] = False,
) -> None:
    """Write the card of a model file: beside it, as MODEL.json. What the file tells need not be said.

    Then 'gonio predict --model MODEL.onnx' runs it, and 'gonio models check MODEL.onnx' tries it on a picture.

    Examples:
      gonio models add rtmpose-m.onnx
      gonio models add yolo11n-pose.onnx --codec yolo-pose --skeleton coco17
      gonio models add hand.onnx --skeleton wrist,thumb_tip,index_tip --install
    """
    choices = Choices(
        name=name,
        codec=codec,
        skeleton=None if skeleton is None else read_skeleton(skeleton),
        mean=mean,
        std=std,
        channel_order=channel_order,
        input_hw=input_hw,
        margin=margin,
        placement=placement,
    )
    card = recognise(file, choices)
    path = file.with_suffix(".json")
    place = _place_in_store(card) if install else None
    for taken in (one for one in (path, place) if one is not None and one.exists() and not force):
        raise ConfigError(f"'{taken}' is there already; give --force to replace it")
    _write(path, card)
    say(f"{file.name}: {taken_for(card)}")
    say(f"written: {path}")
    if place is not None:
        whole = card.weights.model_copy(update={"file": str(file.resolve())})
        _write(place, card.model_copy(update={"weights": whole}))
        say(f"written: {place}; 'gonio predict --model {card.name}' finds it")
    say(f"try it: gonio models check {file}")


def _place_in_store(card: ModelCard) -> Path:
    """Where the card goes in the user's store.

    Raises:
        ConfigError: If its name cannot be a file's, or is that of a model of Gonio's.
    """
    store().folder(card.name)  # raises for a name that cannot be a folder's
    if shelf_of(card.name) in ("shipped", "zoo"):
        raise ConfigError(f"{card.name!r} is a model of Gonio's; call yours otherwise by --name")
    return store().cards / f"{card.name}.json"


def _write(path: Path, card: ModelCard) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(card.model_dump_json(indent=2, exclude_defaults=True) + "\n", encoding="utf-8")


def check(
    model: Annotated[str, typer.Argument(help="A card, an ONNX file, or a name from 'gonio models'.")],
    image: Annotated[
        Path | None, typer.Option(help="A picture of one person.", show_default="a portrait that ships")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The drawn picture.", show_default="gonio-out/NAME-check.jpg")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads of each network.", show_default="GONIO_THREADS, else all CPUs")
    ] = None,
) -> None:
    """Try a model on a picture: does it find what the default model finds? Exit code 1 if not.

    Where it does not, the customary preprocessings are tried. One picture shows what is grossly wrong; what costs a
    few per cent, 'gonio evaluate' shows.

    Example: gonio models check rtmpose-m.onnx
    """
    card, folder = find_card(model)
    picture = read_image(image or CHECK_PICTURE)
    found = check_model(card, folder, picture, threads=threads)
    drawn = out or _FOLDER / f"{card.name}-check.jpg"
    write_image(drawn, draw_poses(picture, found.poses[:20], style=DrawStyle(min_score=0.3, boxes=True)))
    _report(found)
    say(f"drawn: {drawn}")
    if found.finding not in ("agrees", "cannot be compared"):
        raise typer.Exit(1)


def _report(found: Check) -> None:
    """The verdict in words, and what to do."""
    name = found.card.name
    if found.card.task == "detector":
        figures = f"overlap of the boxes {found.likeness:.2f}"
    else:
        figures = f"likeness {found.likeness:.2f}, median {found.median_px:.1f} px, {found.keypoints} keypoints"
    if found.finding == "agrees":
        say(f"{name} agrees with the default model: {figures}", style="green")
        return
    if found.finding == "cannot be compared":
        say(
            f"{name} finds {len(found.poses)} but shares only {found.keypoints} keypoints with the default model: "
            "look at the drawn picture"
        )
        return
    fact = {
        "finds nobody": "finds nobody",
        "doubtful": "agrees with the default model less than sound models do, and than with another preprocessing",
    }.get(found.finding, "disagrees with the default model")
    say(f"{name} {fact}: {found.refused or figures}", style="red")
    say("likely: " + "; ".join(causes(found)))
    for variant in found.better[:3]:
        say(f"  {variant.what}: likeness {variant.likeness:.2f}  ({variant.options})")
    if len(found.better) > 1:
        say("take the one that the training used: one picture does not tell them apart")
