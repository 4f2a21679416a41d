"""Where pulled models lie, what is trusted, and how they travel to machines without network."""

import hashlib
import io
import json
import os
import random
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from gonio.errors import ConfigError, ModelError, UnknownModelError, WeightsError
from gonio.models import registry
from gonio.models.bundle import MANIFEST, read_bundle, write_bundle
from gonio.models.card import ModelCard, read_card
from gonio.models.http import Patience
from gonio.models.loader import load_model
from gonio.models.registry import (
    WEIGHTS_FOLDER,
    added_models,
    find_card,
    find_weights,
    list_models,
    shelf_of,
    zoo_models,
)
from gonio.models.store import Store, default_home, megabytes, store

if TYPE_CHECKING:
    from tests.unit.models.conftest import Tiny, Web


def some_model(seed: int) -> bytes:
    """An ONNX file like no other."""
    weights = helper.make_tensor("y", TensorProto.UINT8, (50_000,), random.Random(seed).randbytes(50_000), raw=True)
    output = helper.make_tensor_value_info("y", TensorProto.UINT8, (50_000,))
    return bytes(helper.make_model(helper.make_graph([], "any", [], [output], [weights])).SerializeToString())


CONTENT, NEW = some_model(3), some_model(4)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(stall_s=0.3, tries=2, pause_s=0.01, longest_pause_s=0.02)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GONIO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def zoo_card(url: str, *, name: str = "rtmpose-m", sha256: str | None = None, **weights: Any) -> ModelCard:
    """A zoo card whose weights come from a server of ours."""
    card = find_card(name)[0]
    facts = {"urls": (url,), "sha256": sha256, "member": None, "size": None} | weights
    return card.model_copy(update={"weights": card.weights.model_copy(update=facts)})


def in_the_zoo(monkeypatch: pytest.MonkeyPatch, *cards: ModelCard) -> None:
    monkeypatch.setattr(registry, "zoo_models", lambda: cards)


class TestHome:
    @pytest.mark.parametrize(
        ("platform", "environment", "expected"),
        [
            pytest.param("linux", {}, "/home/ann/.cache/gonio", id="linux"),
            pytest.param("linux", {"XDG_CACHE_HOME": "/var/ann"}, "/var/ann/gonio", id="linux with XDG"),
            pytest.param("linux", {"XDG_CACHE_HOME": "here"}, "/home/ann/.cache/gonio", id="XDG says: ignore relative"),
            pytest.param("darwin", {}, "/home/ann/Library/Caches/gonio", id="macOS"),
            pytest.param("win32", {"LOCALAPPDATA": "/c/ann/Local"}, "/c/ann/Local/gonio", id="Windows"),
            pytest.param("win32", {}, "/home/ann/AppData/Local/gonio", id="Windows without"),
            pytest.param("darwin", {"GONIO_HOME": "/mnt/models"}, "/mnt/models", id="GONIO_HOME"),
            pytest.param("linux", {"GONIO_HOME": "~/models"}, "/home/ann/models", id="GONIO_HOME in the home"),
        ],
    )
    def test_of_each_platform(
        self, monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], expected: str
    ) -> None:
        monkeypatch.setattr("gonio.models.store.sys.platform", platform)
        for name in ("GONIO_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
            monkeypatch.delenv(name, raising=False)
        for name, value in ({"HOME": "/home/ann"} | environment).items():
            monkeypatch.setenv(name, value)
        assert default_home() == Path(expected)

    @pytest.mark.parametrize("name", ["..", "../x", "a/b", "", ".hidden", "a b", "x" * 81])
    def test_no_name_leads_out_of_it(self, home: Path, name: str) -> None:
        with pytest.raises(ConfigError, match="is no name for a model"):
            Store(home).folder(name)

    def test_looking_makes_nothing(self, home: Path) -> None:
        list_models()
        with pytest.raises(WeightsError):
            find_weights(*find_card("rtmpose-m"))
        assert not home.exists()


class TestPull:
    def test_from_the_zoo_to_the_model(self, web: "Web", home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        card = zoo_card(web.serve("/m.onnx", CONTENT), sha256=DIGEST)
        in_the_zoo(monkeypatch, card)
        with pytest.raises(
            WeightsError,
            match=r"^the weights of model 'rtmpose-m' are not on this machine; 'gonio models pull rtmpose-m' downloads "
            r"them \(from 127\.0\.0\.1:\d+\)$",
        ):
            find_weights(*find_card("rtmpose-m"))
        assert web.served["/m.onnx"].asked == []
        pulled = store().pull(card, patience=QUICK)
        assert (
            pulled.path == home / "weights" / "rtmpose-m" / card.weights.file == find_weights(*find_card("rtmpose-m"))
        )
        assert (pulled.sha256, pulled.size, pulled.trusted_first) == (DIGEST, len(CONTENT), False)
        assert pulled.path.read_bytes() == CONTENT

    def test_what_is_here_is_checked_and_not_fetched(self, web: "Web") -> None:
        card = zoo_card(web.serve("/m.onnx", CONTENT), sha256=DIGEST)
        path = store().pull(card, patience=QUICK).path
        assert store().pull(card, patience=QUICK).url is None
        path.write_bytes(NEW)
        assert store().pull(card, patience=QUICK).url is not None
        assert path.read_bytes() == CONTENT
        assert len(web.served["/m.onnx"].asked) == 2

    def test_a_zip_archive(self, web: "Web") -> None:
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w") as archive:
            archive.writestr("2023/x/end2end.onnx", CONTENT)
        card = zoo_card(web.serve("/m.zip", memory.getvalue()), sha256=DIGEST, member="end2end.onnx")
        assert store().pull(card, patience=QUICK).path.read_bytes() == CONTENT

    @pytest.mark.parametrize("mirror", ["/folder/", "/folder/m.onnx"])
    def test_another_place_is_asked_first(self, web: "Web", mirror: str) -> None:
        card = zoo_card(web.serve("/m.onnx", CONTENT), sha256=DIGEST)
        url = web.serve("/folder/m.onnx", CONTENT)
        assert store().pull(card, mirror=web.url + mirror, patience=QUICK).url == url
        assert web.served["/m.onnx"].asked == []

    def test_but_not_trusted_more(self, web: "Web") -> None:
        card = zoo_card(web.serve("/m.onnx", CONTENT), sha256=DIGEST)
        pulled = store().pull(card, mirror=web.serve("/other", NEW), patience=QUICK)
        assert (pulled.sha256, pulled.url) == (DIGEST, f"{web.url}/m.onnx")

    def test_nothing_comes(self, web: "Web", home: Path) -> None:
        card = zoo_card(web.url + "/absent", sha256=DIGEST)
        with pytest.raises(
            WeightsError, match=r"has no such file \(404\); try again later, or give another place by --mir"
        ):
            store().pull(card, patience=QUICK)
        assert not (home / "weights" / "rtmpose-m").exists()

    def test_other_than_the_card_says_is_never_accepted(self, web: "Web") -> None:
        card = zoo_card(web.serve("/m.onnx", NEW), sha256=DIGEST)
        with pytest.raises(WeightsError, match=r"sent another file: .*; its publisher replaced it, or somebody"):
            store().pull(card, accept_new=True, patience=QUICK)

    def test_a_card_without_url(self, tiny: "Tiny") -> None:
        with pytest.raises(
            ConfigError, match=r"nobody offers the file: npm package .*; put 'tiny\.onnx' into '.*tiny'"
        ):
            store().pull(read_card(tiny.card()))

    @pytest.mark.parametrize("file", ["../../../outside.bin", "/outside.bin", "inner/net.onnx", ".."])
    def test_nothing_is_written_outside_its_folder(self, web: "Web", home: Path, file: str) -> None:
        card = zoo_card(web.serve("/m.onnx", CONTENT), file=file)
        with pytest.raises(ConfigError, match="only a plain file name can be downloaded to"):
            store().pull(card, patience=QUICK)
        assert not home.exists()

    def test_two_at_once(self, web: "Web", home: Path) -> None:
        card = zoo_card(web.serve("/m.onnx", CONTENT, always={"wait": 0.1}))
        threads = [threading.Thread(target=store().pull, args=(card,), kwargs={"patience": QUICK}) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(web.served["/m.onnx"].asked) == 1
        assert sorted(path.name for path in home.rglob("*") if path.is_file()) == ["rtmpose-m.json", card.weights.file]
        record = store().record("rtmpose-m")
        assert record is not None
        assert (record.sha256, record.url) == (DIGEST, f"{web.url}/m.onnx")


class TestTrustOnFirstUse:
    """Of weights whose digest nobody states."""

    @pytest.fixture
    def card(self, web: "Web", monkeypatch: pytest.MonkeyPatch) -> ModelCard:
        card = zoo_card(web.serve("/m.onnx", CONTENT))
        in_the_zoo(monkeypatch, card)
        return card

    def test_the_first_is_written_down(self, web: "Web", card: ModelCard, home: Path) -> None:
        assert store().pull(card, patience=QUICK).trusted_first
        record = json.loads((home / "records" / "rtmpose-m.json").read_text())
        assert (record["sha256"], record["size"], record["url"]) == (DIGEST, len(CONTENT), f"{web.url}/m.onnx")
        assert record["time"].endswith("+00:00")
        assert not store().pull(card, patience=QUICK).trusted_first

    def test_another_is_refused_until_it_is_accepted(self, web: "Web", card: ModelCard) -> None:
        path = store().pull(card, patience=QUICK).path
        web.serve("/m.onnx", NEW, tag='"new"')
        assert store().remove("rtmpose-m") == len(CONTENT)
        assert not path.exists()
        with pytest.raises(
            WeightsError,
            match=r"came first, on 20\d\d-\d\d-\d\d, was another .* pull rtmpose-m --accept-new'",
        ):
            store().pull(card, patience=QUICK)
        assert not path.exists()
        assert store().pull(card, accept_new=True, patience=QUICK).sha256 == hashlib.sha256(NEW).hexdigest()
        assert find_weights(*find_card("rtmpose-m")).read_bytes() == NEW

    def test_the_old_one_stays_where_the_new_one_is_refused(self, web: "Web", card: ModelCard) -> None:
        path = store().pull(card, patience=QUICK).path
        web.serve("/m.onnx", NEW)
        assert store().pull(card, patience=QUICK).url is None
        assert store().pull(card, accept_new=True, patience=QUICK).url is not None
        assert path.read_bytes() == NEW

    def test_a_file_that_was_exchanged_is_not_loaded(self, card: ModelCard) -> None:
        path = store().pull(card, patience=QUICK).path
        path.write_bytes(NEW)
        with pytest.raises(
            WeightsError,
            match=r"are damaged or were exchanged: sha256 is .*…, that of 20.* was .*…; 'gonio models pull rtmpose-m'",
        ):
            find_weights(*find_card("rtmpose-m"))

    def test_a_file_that_was_put_there_by_hand_is_trusted(self, card: ModelCard) -> None:
        folder = store().folder("rtmpose-m")
        folder.mkdir(parents=True)
        (folder / card.weights.file).write_bytes(CONTENT)
        find_weights(*find_card("rtmpose-m"))
        (folder / card.weights.file).write_bytes(NEW)
        with pytest.raises(WeightsError, match="were exchanged"):
            find_weights(*find_card("rtmpose-m"))

    @pytest.mark.parametrize(
        "content",
        [random.Random(5).randbytes(10), bytes(400_000), CONTENT[:-1], b"\x08\x08", CONTENT + b"\x07"],
        ids=["noise", "zeros", "cut", "no graph", "something behind"],
    )
    def test_what_is_no_model_is_not_trusted(self, web: "Web", card: ModelCard, content: bytes) -> None:
        """Once recorded, the right file would be refused for ever."""
        web.serve("/m.onnx", content)
        with pytest.raises(WeightsError, match="sent something that is no ONNX model, or not all of one"):
            store().pull(card, patience=QUICK)
        assert store().record("rtmpose-m") is None
        folder = store().folder("rtmpose-m")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / card.weights.file).write_bytes(content)
        with pytest.raises(WeightsError, match=r"no ONNX model, or not all of one; nobody states their sha256"):
            find_weights(*find_card("rtmpose-m"))
        assert store().record("rtmpose-m") is None
        web.serve("/m.onnx", CONTENT, tag='"right"')
        assert store().pull(card, patience=QUICK).sha256 == DIGEST

    @pytest.mark.parametrize("text", ["{", "[]", '{"file": 3}', "\udcff"])
    def test_a_broken_record_is_none(
        self, card: ModelCard, home: Path, text: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = store().pull(card, patience=QUICK).path
        (home / "records" / "rtmpose-m.json").write_bytes(text.encode(errors="surrogateescape"))
        assert find_weights(*find_card("rtmpose-m")) == path
        assert "cannot be read" in caplog.text
        assert store().record("rtmpose-m") is not None


class TestCheck:
    def test_unchanged_weights_are_not_read_again(self, web: "Web", monkeypatch: pytest.MonkeyPatch) -> None:
        card = zoo_card(web.serve("/m.onnx", CONTENT), sha256=DIGEST)
        path = store().pull(card, patience=QUICK).path
        read: list[Path] = []

        def read_it(path: Path) -> str:
            read.append(path)
            return DIGEST

        monkeypatch.setattr("gonio.models.store.sha256_of", read_it)
        store().check(card, path)
        assert read == []
        os.utime(path, ns=(1, 1))
        store().check(card, path)
        assert read == [path]
        store().check(card, path)
        assert read == [path]

    def test_a_new_card_wants_other_weights(self, web: "Web") -> None:
        """After an update of the package: what was right is not trusted because it was."""
        card = zoo_card(web.serve("/m.onnx", CONTENT), sha256=DIGEST)
        path = store().pull(card, patience=QUICK).path
        new = zoo_card(web.url + "/m.onnx", sha256=hashlib.sha256(NEW).hexdigest())
        with pytest.raises(WeightsError, match=r"the card says .*…; 'gonio models pull rtmpose-m' fetches them again"):
            store().check(new, path)

    def test_a_store_that_cannot_be_written(self, web: "Web", monkeypatch: pytest.MonkeyPatch) -> None:
        card = zoo_card(web.serve("/m.onnx", CONTENT), sha256=DIGEST)
        path = store().pull(card, patience=QUICK).path
        os.utime(path, ns=(1, 1))

        def refuse(*of: object) -> None:
            raise PermissionError

        monkeypatch.setattr("gonio.models.store.write_record", refuse)
        assert store().check(card, path) == DIGEST


class TestAdded:
    def put(self, card: Path, name: str | None = None) -> Path:
        store().cards.mkdir(parents=True, exist_ok=True)
        path = store().cards / f"{name or read_card(card).name}.json"
        path.write_text(card.read_text())
        return path

    def test_a_model_of_the_users(self, tiny: "Tiny") -> None:
        self.put(tiny.card())
        folder = store().folder("tiny")
        folder.mkdir(parents=True)
        (folder / "tiny.onnx").write_bytes((tiny.folder / "tiny.onnx").read_bytes())
        assert [card.name for card in added_models()] == ["tiny"]
        assert (list_models()[-1].name, shelf_of("tiny"), shelf_of("thunder")) == ("tiny", "added", "shipped")
        assert find_card("tiny")[1] == folder
        assert len(load_model("tiny", threads=1)(np.zeros((64, 64, 3), np.uint8))) == 0
        with pytest.raises(UnknownModelError, match="did you mean 'tiny'"):
            find_card("tinyy")
        assert store().remove("tiny") > 0
        assert added_models() == ()

    def test_what_is_no_card_is_left_out(self, tiny: "Tiny", caplog: pytest.LogCaptureFixture) -> None:
        self.put(tiny.card(name="thunder"))
        self.put(tiny.card(name="rtmpose-m"))
        self.put(tiny.card(), name="other")
        (store().cards / "broken.json").write_text("{")
        assert added_models() == ()
        assert caplog.text.count("it is left out") == 4
        assert find_card("thunder")[1] == WEIGHTS_FOLDER


class TestBundles:
    @pytest.fixture
    def cards(self, web: "Web", monkeypatch: pytest.MonkeyPatch) -> tuple[ModelCard, ModelCard]:
        """One whose digest is stated, one whose is not; both pulled."""
        one = zoo_card(web.serve("/m.onnx", CONTENT), sha256=DIGEST)
        other = zoo_card(web.serve("/nano.onnx", NEW), name="rtmdet-nano")
        in_the_zoo(monkeypatch, one, other)
        for card in (one, other):
            store().pull(card, patience=QUICK)
        return one, other

    @pytest.fixture
    def bundle(self, cards: tuple[ModelCard, ModelCard], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Of both; and we are on another machine now."""
        path = tmp_path / "out" / "models.zip"
        assert write_bundle(["rtmpose-m", "rtmdet-nano", "thunder"], path) == path.stat().st_size
        assert [file.name for file in path.parent.iterdir()] == ["models.zip"]
        monkeypatch.setenv("GONIO_HOME", str(tmp_path / "elsewhere"))
        return path

    def changed(self, bundle: Path, which: str = "", content: bytes | None = None, **facts: Any) -> Path:
        """The bundle with one member exchanged or left out, or facts of the first entry of its list changed."""
        path = bundle.with_name("changed.zip")
        with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(path, "w") as new:
            for member in old.namelist():
                data = content if member == which else old.read(member)
                if member == MANIFEST and facts:
                    manifest = json.loads(old.read(member))
                    manifest["models"][0] |= facts
                    data = json.dumps(manifest).encode()
                if data is not None:
                    new.writestr(member, data)
        return path

    def test_to_another_machine(self, web: "Web", bundle: Path) -> None:
        asked = len(web.served["/m.onnx"].asked)
        names = [(one.name, one.size, one.added) for one in read_bundle(bundle)]
        assert names == [("rtmpose-m", len(CONTENT), False), ("rtmdet-nano", len(NEW), False)]
        assert find_weights(*find_card("rtmpose-m")).read_bytes() == CONTENT
        assert find_weights(*find_card("rtmdet-nano")).read_bytes() == NEW
        record = store().record("rtmdet-nano")
        assert record is not None
        assert record.url == f"{web.url}/nano.onnx"
        assert len(web.served["/m.onnx"].asked) == asked

    def test_a_model_that_this_version_does_not_know(
        self, bundle: Path, cards: tuple[ModelCard, ModelCard], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_the_zoo(monkeypatch, cards[0])
        assert [one.added for one in read_bundle(bundle)] == [False, True]
        assert [card.name for card in added_models()] == ["rtmdet-nano"]
        assert find_weights(*find_card("rtmdet-nano")).read_bytes() == NEW

    def test_an_added_model_whose_file_lies_elsewhere(
        self, tiny: "Tiny", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store().cards.mkdir(parents=True)
        facts = json.loads(tiny.card().read_text())
        facts["weights"]["file"] = str(tiny.folder / "tiny.onnx")
        (store().cards / "tiny.json").write_text(json.dumps(facts))
        write_bundle(["tiny"], tmp_path / "tiny.zip")
        monkeypatch.setenv("GONIO_HOME", str(tmp_path / "elsewhere"))
        (one,) = read_bundle(tmp_path / "tiny.zip")
        assert one.added
        assert find_weights(*find_card("tiny")) == one.path == store().folder("tiny") / "tiny.onnx"

    def test_a_model_of_the_users_is_not_replaced(
        self, bundle: Path, cards: tuple[ModelCard, ModelCard], tiny: "Tiny", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_the_zoo(monkeypatch, cards[0])
        store().cards.mkdir(parents=True)
        mine = store().cards / "rtmdet-nano.json"
        facts = json.loads(tiny.card().read_text()) | {"name": "rtmdet-nano"}
        mine.write_text(json.dumps(facts))
        with pytest.raises(WeightsError, match="you added another one of that name; first: gonio models remove"):
            read_bundle(bundle)
        assert json.loads(mine.read_text()) == facts

    def test_a_bundle_of_another_time(self, bundle: Path) -> None:
        manifest = json.loads(zipfile.ZipFile(bundle).read(MANIFEST)) | {"gonio_bundle": 7}
        with pytest.raises(WeightsError, match="is not a sound bundle"):
            read_bundle(self.changed(bundle, MANIFEST, json.dumps(manifest).encode()))

    def test_damaged_or_exchanged(self, bundle: Path, cards: tuple[ModelCard, ModelCard]) -> None:
        """All or nothing: the first model is right, and is not taken either."""
        member = f"weights/rtmdet-nano/{cards[1].weights.file}"
        with pytest.raises(WeightsError, match=r"of model 'rtmdet-nano' in .* are damaged: sha256 is"):
            read_bundle(self.changed(bundle, member, CONTENT))
        assert [path for path in store().home.rglob("*") if path.is_file()] == []
        raw = bytearray(bundle.read_bytes())
        raw[bundle.stat().st_size // 2] ^= 1
        bundle.write_bytes(raw)
        with pytest.raises(WeightsError, match=r"not a sound bundle of gonio|are damaged"):
            read_bundle(bundle)

    def test_other_weights_than_the_card_says(self, bundle: Path, cards: tuple[ModelCard, ModelCard]) -> None:
        digest = hashlib.sha256(NEW).hexdigest()
        path = self.changed(bundle, f"weights/rtmpose-m/{cards[0].weights.file}", NEW, sha256=digest, size=len(NEW))
        with pytest.raises(WeightsError, match=r"the bundle's weights of model 'rtmpose-m' have .* the card says"):
            read_bundle(path, accept_new=True)

    def test_other_weights_than_came_first(self, bundle: Path, web: "Web", cards: tuple[ModelCard, ModelCard]) -> None:
        web.serve("/nano.onnx", CONTENT)
        store().pull(cards[1], patience=QUICK)
        with pytest.raises(WeightsError, match=r"those that came first, on 20.*--accept-new takes the new ones"):
            read_bundle(bundle)
        assert find_weights(*find_card("rtmdet-nano")).read_bytes() == CONTENT
        read_bundle(bundle, accept_new=True)
        assert find_weights(*find_card("rtmdet-nano")).read_bytes() == NEW

    @pytest.mark.parametrize(
        ("facts", "match"),
        [
            pytest.param({"name": "thunder"}, "ships with gonio; it is refused", id="a shipped name"),
            pytest.param({"name": "../../x"}, "not a sound bundle", id="a path for a name"),
            pytest.param({"file": "../x.onnx"}, "made by another version of gonio", id="a path for a file"),
            pytest.param({"size": 10}, "are damaged", id="a small size"),
            pytest.param({"sha256": "x"}, "not a sound bundle", id="no digest"),
        ],
    )
    def test_lists_that_lie(self, bundle: Path, facts: dict[str, Any], match: str) -> None:
        with pytest.raises(WeightsError, match=match):
            read_bundle(self.changed(bundle, **facts))
        assert [path for path in store().home.rglob("*") if path.is_file()] == []

    def test_an_added_card_whose_weights_lie_elsewhere(self, bundle: Path, tiny: "Tiny") -> None:
        text = tiny.card(name="evil", weights__file="../../../evil.onnx").read_bytes()
        path = self.changed(bundle, "cards/rtmpose-m.json", text, name="evil", file="../../../evil.onnx")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("cards/evil.json", text)
        with pytest.raises(WeightsError, match="a card whose weights lie elsewhere"):
            read_bundle(path)

    def test_files_that_are_no_bundles(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match=r"cannot read '.*absent\.zip': no such file"):
            read_bundle(tmp_path / "absent.zip")
        (tmp_path / "text.zip").write_text("no archive")
        with pytest.raises(WeightsError, match="not a sound bundle of gonio"):
            read_bundle(tmp_path / "text.zip")
        with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
            archive.writestr("photo.jpg", b"")
        with pytest.raises(WeightsError, match="a zip archive, but not a bundle from 'gonio models bundle'"):
            read_bundle(tmp_path / "other.zip")

    def test_nothing_to_bundle(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="thunder ships with gonio"):
            write_bundle(["thunder"], tmp_path / "out.zip")
        with pytest.raises(WeightsError, match="'gonio models pull rtmpose-t' downloads them"):
            write_bundle(["rtmpose-t"], tmp_path / "out.zip")
        assert [path.name for path in tmp_path.iterdir()] == []


def test_sizes_for_people() -> None:
    assert (megabytes(13_350_364), megabytes(228_708_578)) == ("13.4 MB", "229 MB")


def test_the_zoo_is_not_empty() -> None:
    assert len(zoo_models()) > 20
