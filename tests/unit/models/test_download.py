"""One download, from servers that do all that servers do."""

import errno
import hashlib
import io
import os
import random
import shutil
import threading
import urllib.request
import zipfile
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from gonio.errors import ConfigError, WeightsError
from gonio.models import archive as archive_room
from gonio.models import download as downloads
from gonio.models.archive import ArchiveError, extract_member
from gonio.models.download import Downloaded, DownloadError, download
from gonio.models.http import Patience, RefusedError, _Redirects
from gonio.models.locking import locked
from gonio.models.partial import Partial

if TYPE_CHECKING:
    from tests.unit.models.conftest import Web

CONTENT = random.Random(3).randbytes(300_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
OTHER = random.Random(4).randbytes(300_000)
QUICK = Patience(stall_s=0.2, tries=3, pause_s=0.01, longest_pause_s=0.02)


def fetch(urls: str | list[str], target: Path, **options: Any) -> Downloaded:
    return download([urls] if isinstance(urls, str) else urls, target, patience=QUICK, **options)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def zipped(*members: tuple[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return memory.getvalue()


class TestWhatIsFetched:
    def test_a_file(self, web: "Web", tmp_path: Path) -> None:
        url = web.serve("/a.onnx", CONTENT)
        target = tmp_path / "deep" / "in" / "a.onnx"
        seen: list[tuple[int, int | None]] = []
        got = fetch(
            url, target, sha256=DIGEST, size=len(CONTENT), progress=lambda done, total: seen.append((done, total))
        )
        assert got == Downloaded(target, DIGEST, len(CONTENT), url)
        assert target.read_bytes() == CONTENT
        assert left(target.parent) == ["a.onnx"]
        assert (seen[0], seen[-1]) == ((0, len(CONTENT)), (len(CONTENT), len(CONTENT)))
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
        assert web.served["/a.onnx"].asked[0]["User-Agent"].startswith("gonio/")

    def test_without_a_length(self, web: "Web", tmp_path: Path) -> None:
        url = web.serve("/a.onnx", CONTENT, always={"claims": None})
        seen: list[int | None] = []
        fetch(url, tmp_path / "a.onnx", progress=lambda done, total: seen.append(total))
        assert (tmp_path / "a.onnx").read_bytes() == CONTENT
        assert set(seen) == {None}

    def test_an_old_file_is_replaced_only_by_a_right_one(self, web: "Web", tmp_path: Path) -> None:
        target = tmp_path / "a.onnx"
        target.write_bytes(b"old")
        with pytest.raises(DownloadError):
            fetch(web.serve("/wrong", OTHER), target, sha256=DIGEST)
        assert target.read_bytes() == b"old"
        fetch(web.serve("/right", CONTENT), target, sha256=DIGEST)
        assert target.read_bytes() == CONTENT

    def test_a_redirect_is_followed(self, web: "Web", tmp_path: Path) -> None:
        web.serve("/there", CONTENT)
        got = fetch(web.serve("/here", b"", always={"redirect": "/there"}), tmp_path / "a.onnx")
        assert (got.sha256, got.url) == (DIGEST, f"{web.url}/here")

    def test_proxies_of_the_environment(self, web: "Web", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The server is asked for a whole URL of a host that does not exist."""
        monkeypatch.setenv("http_proxy", web.url)
        fetch(web.serve("http://models.invalid/a.onnx", CONTENT), tmp_path / "a.onnx", sha256=DIGEST)
        monkeypatch.setenv("no_proxy", "models.invalid")
        with pytest.raises(DownloadError, match=r"models\.invalid (cannot be found|cannot be reached)"):
            fetch("http://models.invalid/a.onnx", tmp_path / "b.onnx")

    @pytest.mark.parametrize("url", ["ftp://a/b", "file:///etc/passwd", "/etc/passwd", "https:///b", "data:,x"])
    def test_other_kinds_of_url(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(ConfigError, match="begins with https:// or http://"):
            fetch(url, tmp_path / "a.onnx")
        assert left(tmp_path) == []


class TestBadServers:
    @pytest.mark.parametrize(
        ("fault", "match"),
        [
            pytest.param({"stall": 1000}, r"sent nothing for 0\.2 s \(3 tries\)", id="stalls"),
            pytest.param({"wait": 1}, r"did not answer for 0\.2 s \(3 tries\)", id="does not answer"),
            pytest.param({"cut": 1000}, r"broke off 299000 bytes before the end \(3 tries\)", id="truncates"),
            pytest.param({"claims": 400_000}, "offers 400000 bytes, 300000 were expected", id="claims more"),
            pytest.param({"claims": 200_000}, "offers 200000 bytes, 300000 were expected", id="claims less"),
            pytest.param({"content": OTHER}, "another file: sha256 is .*…, expected .*…", id="wrong bytes"),
            pytest.param({"content": CONTENT[:-1]}, "offers 299999 bytes, 300000 were expected", id="too short"),
            pytest.param({"content": CONTENT + b"!", "claims": None}, "sends more than 300000 bytes", id="too long"),
            pytest.param({"content": CONTENT[:9], "claims": None}, "broke off at 9 of 300000 bytes", id="ends early"),
            pytest.param({"status": 404}, r"has no such file \(404\)", id="not found"),
            pytest.param({"status": 403}, r"forbids it \(403\)", id="forbidden"),
            pytest.param({"status": 500}, r"answered 500 .* \(3 tries\)", id="broken"),
            pytest.param({"status": 204}, "answered 204", id="no content"),
            pytest.param({"redirect": "/a.onnx"}, r"redirects in a circle \(302\)", id="redirects in a circle"),
            pytest.param({"redirect": "file:///etc/passwd"}, "redirects to where it may not", id="redirects to a file"),
            pytest.param({"headers": {"Content-Type": "text/html"}}, "a web page", id="a page"),
            pytest.param({"headers": {"Content-Encoding": "gzip"}}, "encoded", id="encoded"),
        ],
    )
    def test_each_is_told(self, web: "Web", tmp_path: Path, fault: dict[str, Any], match: str) -> None:
        url = web.serve("/a.onnx", CONTENT, always=fault, ranges=False)
        with pytest.raises(DownloadError, match=rf"^cannot download 'a\.onnx': 127\.0\.0\.1:\d+ .*{match}"):
            fetch(url, tmp_path / "a.onnx", sha256=DIGEST, size=len(CONTENT))
        assert not (tmp_path / "a.onnx").exists()
        assert not [name for name in left(tmp_path) if ".part" not in name]

    def test_a_wrong_length_where_the_size_is_not_known(self, web: "Web", tmp_path: Path) -> None:
        more, less = (web.serve(f"/{n}", CONTENT, always={"claims": n}, ranges=False) for n in (400_000, 200_000))
        with pytest.raises(DownloadError, match=r"broke off 100000 bytes before the end \(3 tries\)"):
            fetch(more, tmp_path / "a.onnx", sha256=DIGEST)
        with pytest.raises(DownloadError, match="sent another file"):
            fetch(less, tmp_path / "a.onnx", sha256=DIGEST)

    @pytest.mark.parametrize("content", [b"", b"\n <html><body>Sign in</body></html>"])
    def test_no_weights_at_all_where_nothing_is_known_of_them(self, web: "Web", tmp_path: Path, content: bytes) -> None:
        """What a login page of a hotel says under every address must not be trusted on first use."""
        with pytest.raises(DownloadError, match=r"empty file|web page|which no weights have"):
            fetch(web.serve("/a.onnx", content), tmp_path / "a.onnx")
        assert left(tmp_path) == []

    def test_nobody_there(self, tmp_path: Path, web: "Web") -> None:
        web.close()
        with pytest.raises(DownloadError, match=r"cannot be reached .*\(3 tries\)"):
            fetch(web.url + "/a.onnx", tmp_path / "a.onnx")

    def test_trouble_that_passes(self, web: "Web", tmp_path: Path) -> None:
        faults: list[dict[str, Any]] = [{"status": 503, "headers": {"Retry-After": "9999"}}, {"status": 429}]
        assert fetch(web.serve("/a.onnx", CONTENT, *faults), tmp_path / "a.onnx").sha256 == DIGEST
        assert len(web.served["/a.onnx"].asked) == 3

    def test_a_line_that_breaks_again_and_again_is_no_server_that_fails(self, web: "Web", tmp_path: Path) -> None:
        """Four breaks, three tries: each brought something."""
        faults = [{"cut": 70_000}] * 4
        assert fetch(web.serve("/a.onnx", CONTENT, *faults), tmp_path / "a.onnx").sha256 == DIGEST
        assert web.served["/a.onnx"].offsets == [None, *(f"bytes={70_000 * n}-" for n in (1, 2, 3, 4))]

    @pytest.mark.parametrize("target", ["http://x/a", "ftp://x/a"])
    def test_from_https_to_what_others_can_read(self, target: str) -> None:
        request = urllib.request.Request("https://models.invalid/a")
        with pytest.raises(RefusedError, match=r"redirects from https to .*, which is not safe"):
            _Redirects().redirect_request(request, io.BytesIO(), 302, "Found", Message(), target)

    def test_a_size_beyond_all_weights(self, web: "Web", tmp_path: Path) -> None:
        with pytest.raises(DownloadError, match=r"offers 9{14} bytes, more than \d+, the limit where the card"):
            fetch(web.serve("/a.onnx", CONTENT, always={"claims": 99999999999999}), tmp_path / "a.onnx")

    def test_an_answer_without_an_end(self, web: "Web", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(downloads, "LARGEST", 100_000)
        with pytest.raises(
            DownloadError, match="sends more than 100000 bytes, the limit where the card states no size"
        ):
            fetch(web.serve("/a.onnx", CONTENT, always={"claims": None}), tmp_path / "a.onnx")
        assert left(tmp_path) == []

    def test_what_somebody_finds_wrong_is_not_put_in_place(self, web: "Web", tmp_path: Path) -> None:
        urls = [web.serve("/1", OTHER), web.serve("/2", CONTENT)]
        fault = {OTHER: "sent the other one"}
        got = fetch(urls, tmp_path / "a.onnx", fault=lambda path: fault.get(path.read_bytes()))
        assert (got.url, got.sha256) == (urls[1], DIGEST)
        with pytest.raises(DownloadError, match="sent the other one"):
            fetch(urls[:1], tmp_path / "b.onnx", fault=lambda path: fault.get(path.read_bytes()))
        assert not (tmp_path / "b.onnx").exists()


class TestMirrors:
    def test_they_are_asked_in_order(self, web: "Web", tmp_path: Path) -> None:
        urls = [web.serve("/1", b"", always={"status": 404}), web.serve("/2", OTHER), web.serve("/3", CONTENT)]
        urls.append(web.serve("/4", CONTENT))
        assert fetch(urls, tmp_path / "a.onnx", sha256=DIGEST).url == urls[2]
        assert [len(web.served[f"/{n}"].asked) for n in (1, 2, 3, 4)] == [1, 1, 1, 0]

    def test_all_reasons_are_told(self, web: "Web", tmp_path: Path) -> None:
        urls = [web.serve("/1", b"", always={"status": 404}), web.serve("/2", OTHER)]
        with pytest.raises(DownloadError, match=r"has no such file \(404\); .* sent another file") as caught:
            fetch(urls, tmp_path / "a.onnx", sha256=DIGEST)
        assert caught.value.wrong_file
        assert left(tmp_path) == []

    def test_one_goes_on_where_the_other_stopped_if_the_digest_is_known(self, web: "Web", tmp_path: Path) -> None:
        urls = [web.serve("/1", CONTENT, {"cut": 90_000}, always={"status": 500}), web.serve("/2", CONTENT, tag='"2"')]
        web.served["/1"].faults[0]["status"] = 200
        assert fetch(urls, tmp_path / "a.onnx", sha256=DIGEST).sha256 == DIGEST
        assert web.served["/2"].offsets == ["bytes=90000-"]
        assert "If-Range" not in web.served["/2"].asked[0]

    def test_and_begins_anew_if_not(self, web: "Web", tmp_path: Path) -> None:
        urls = [
            web.serve("/1", OTHER, {"cut": 90_000, "status": 200}, always={"status": 500}),
            web.serve("/2", CONTENT),
        ]
        assert fetch(urls, tmp_path / "a.onnx").sha256 == DIGEST
        assert web.served["/2"].offsets == [None]

    def test_a_mirror_with_other_bytes_is_asked_once_more_from_the_start(self, web: "Web", tmp_path: Path) -> None:
        """The first server's half was of another file: both halves together are wrong, though neither server is."""
        urls = [
            web.serve("/1", OTHER, {"cut": 90_000, "status": 200}, always={"status": 500}),
            web.serve("/2", CONTENT),
        ]
        assert fetch(urls, tmp_path / "a.onnx", sha256=DIGEST).sha256 == DIGEST
        assert web.served["/2"].offsets == ["bytes=90000-", None]


class TestResume:
    def interrupted(self, url: str, target: Path, **options: Any) -> None:
        """As Ctrl-C does it, in the middle."""

        def stop(done: int, total: int | None) -> None:
            if done:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            download([url], target, progress=stop, patience=QUICK, **options)
        assert not target.exists()

    def test_after_ctrl_c_the_rest_is_asked_for(self, web: "Web", tmp_path: Path) -> None:
        url = web.serve("/a.onnx", CONTENT)
        self.interrupted(url, tmp_path / "a.onnx")
        part = tmp_path / ".a.onnx.part"
        assert 0 < part.stat().st_size < len(CONTENT)
        have = part.stat().st_size
        seen: list[int] = []
        fetch(url, tmp_path / "a.onnx", progress=lambda done, total: seen.append(done))
        assert (tmp_path / "a.onnx").read_bytes() == CONTENT
        assert web.served["/a.onnx"].offsets == [None, f"bytes={have}-"]
        assert web.served["/a.onnx"].asked[1]["If-Range"] == '"first"'
        assert seen[0] == have
        assert left(tmp_path) == ["a.onnx"]

    def test_the_file_changed_meanwhile(self, web: "Web", tmp_path: Path) -> None:
        self.interrupted(web.serve("/a.onnx", OTHER), tmp_path / "a.onnx")
        fetch(web.serve("/a.onnx", CONTENT, tag='"second"'), tmp_path / "a.onnx")
        assert (tmp_path / "a.onnx").read_bytes() == CONTENT

    def test_the_file_changed_and_the_server_does_not_care(self, web: "Web", tmp_path: Path) -> None:
        """Without a digest nothing else would tell that half of the file is of another version."""
        self.interrupted(web.serve("/a.onnx", OTHER), tmp_path / "a.onnx")
        url = web.serve("/a.onnx", CONTENT, tag='"second"', always={"ignores_if_range": True})
        fetch(url, tmp_path / "a.onnx")
        assert (tmp_path / "a.onnx").read_bytes() == CONTENT

    @pytest.mark.parametrize("tag", [None, 'W/"weak"'])
    def test_no_version_no_resume(self, web: "Web", tmp_path: Path, tag: str | None) -> None:
        url = web.serve("/a.onnx", CONTENT, tag=tag)
        self.interrupted(url, tmp_path / "a.onnx")
        fetch(url, tmp_path / "a.onnx")
        assert web.served["/a.onnx"].offsets == [None, None]

    def test_a_date_is_a_version_too(self, web: "Web", tmp_path: Path) -> None:
        date = "Wed, 21 Oct 2015 07:28:00 GMT"
        url = web.serve("/a.onnx", CONTENT, tag=None, always={"headers": {"Last-Modified": date}})
        self.interrupted(url, tmp_path / "a.onnx")
        fetch(url, tmp_path / "a.onnx")
        assert web.served["/a.onnx"].asked[1]["If-Range"] == date

    def test_a_server_that_ignores_ranges(self, web: "Web", tmp_path: Path) -> None:
        url = web.serve("/a.onnx", CONTENT, ranges=False)
        self.interrupted(url, tmp_path / "a.onnx")
        fetch(url, tmp_path / "a.onnx", sha256=DIGEST)
        assert (tmp_path / "a.onnx").read_bytes() == CONTENT

    def test_a_server_that_sends_another_part(self, web: "Web", tmp_path: Path) -> None:
        wrong = {"status": 206, "headers": {"Content-Range": f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}"}}
        url = web.serve("/a.onnx", CONTENT, {}, wrong)
        self.interrupted(url, tmp_path / "a.onnx")
        assert fetch(url, tmp_path / "a.onnx").sha256 == DIGEST
        assert web.served["/a.onnx"].offsets[2] is None

    def test_all_is_here_but_the_end_was_not_noticed(self, web: "Web", tmp_path: Path) -> None:
        url = web.serve("/a.onnx", CONTENT)
        part = Partial(tmp_path / ".a.onnx.part")
        part.begin(url, '"first"')
        part.path.write_bytes(CONTENT)
        assert fetch(url, tmp_path / "a.onnx").sha256 == DIGEST
        assert web.served["/a.onnx"].offsets == [f"bytes={len(CONTENT)}-"]

    def test_more_is_here_than_there_is(self, web: "Web", tmp_path: Path) -> None:
        url = web.serve("/a.onnx", CONTENT)
        part = Partial(tmp_path / ".a.onnx.part")
        part.begin(url, '"first"')
        part.path.write_bytes(CONTENT + b"more")
        assert fetch(url, tmp_path / "a.onnx").sha256 == DIGEST

    @pytest.mark.parametrize("note", ["{", "[]", ""])
    def test_a_broken_note_is_none(self, web: "Web", tmp_path: Path, note: str) -> None:
        url = web.serve("/a.onnx", CONTENT)
        (tmp_path / ".a.onnx.part").write_bytes(OTHER[:1000])
        (tmp_path / ".a.onnx.part.json").write_text(note)
        assert fetch(url, tmp_path / "a.onnx").sha256 == DIGEST


class TestArchives:
    def test_a_member(self, web: "Web", tmp_path: Path) -> None:
        content = zipped(("20230831/x/deploy.json", b"{}"), ("20230831/x/end2end.onnx", CONTENT))
        url = web.serve("/a.zip", content)
        got = fetch(url, tmp_path / "a.onnx", sha256=DIGEST, size=len(content), member="end2end.onnx")
        assert (got.sha256, got.size) == (DIGEST, len(CONTENT))
        assert left(tmp_path) == ["a.onnx"]

    @pytest.mark.parametrize(
        ("content", "match"),
        [
            pytest.param(zipped(("../end2end.onnx", CONTENT)), "a path that leads out of it", id="up"),
            pytest.param(zipped(("/etc/end2end.onnx", CONTENT)), "a path that leads out of it", id="absolute"),
            pytest.param(zipped(("C:/end2end.onnx", CONTENT)), "a path that leads out of it", id="drive"),
            pytest.param(zipped(("a\\..\\..\\end2end.onnx", CONTENT)), "a path that leads out of it", id="backslash"),
            pytest.param(
                zipped(("other.onnx", CONTENT)), r"no files named 'end2end\.onnx' \(but other\.onnx\)", id="none"
            ),
            pytest.param(
                zipped(("a/end2end.onnx", CONTENT), ("b/end2end.onnx", OTHER)), "2 files named", id="two of the name"
            ),
            pytest.param(zipped(("a/end2end.onnx", OTHER)), "another file: sha256", id="another file inside"),
            pytest.param(zipped(), "no files named", id="empty"),
            pytest.param(CONTENT, "no sound zip archive", id="no archive"),
            pytest.param(zipped(("a/end2end.onnx", CONTENT))[:-50], "no sound zip archive", id="cut"),
        ],
    )
    def test_bad_ones(self, web: "Web", tmp_path: Path, content: bytes, match: str) -> None:
        with pytest.raises(DownloadError, match=match):
            fetch(web.serve("/a.zip", content), tmp_path / "in" / "a.onnx", sha256=DIGEST, member="end2end.onnx")
        assert left(tmp_path / "in") == []
        assert left(tmp_path) == ["in"]

    def test_a_bit_that_fell_over(self, web: "Web", tmp_path: Path) -> None:
        content = bytearray(zipped(("end2end.onnx", CONTENT)))
        content[150_000] ^= 1
        with pytest.raises(DownloadError, match="no sound zip archive"):
            fetch(web.serve("/a.zip", bytes(content)), tmp_path / "a.onnx", member="end2end.onnx")

    def test_a_bomb(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive_room, "_SMALL", 1000)
        path = tmp_path / "bomb.zip"
        path.write_bytes(zipped(("end2end.onnx", bytes(5_000_000))))
        with pytest.raises(ArchiveError, match="claims 5000000 bytes, more than weights unpack to"):
            extract_member(path, "end2end.onnx", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_bomb_that_claims_to_be_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive_room, "_SMALL", 1000)
        content = zipped(("end2end.onnx", bytes(5_000_000))).replace((5_000_000).to_bytes(4, "little"), b"\x64\0\0\0")
        path = tmp_path / "bomb.zip"
        path.write_bytes(content)
        with pytest.raises(ArchiveError, match="no sound zip archive"):
            extract_member(path, "end2end.onnx", tmp_path / "out")
        assert (tmp_path / "out").stat().st_size < 10_000


class TestThisMachine:
    def test_the_disk_is_too_small(self, web: "Web", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Usage(NamedTuple):
            free: int

        monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(100_000))
        with pytest.raises(WeightsError, match=r"no space is left there \(0\.3 MB are needed, 0\.1 MB are free\);"):
            fetch(web.serve("/a.onnx", CONTENT), tmp_path / "a.onnx")

    def test_the_disk_becomes_full(self, web: "Web", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """One clear error, no tries at other mirrors, and what came is kept."""
        url, mirror = web.serve("/a.onnx", CONTENT, {"cut": 70_000}), web.serve("/b", CONTENT)
        real = Path.open

        def full(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if mode == "r+b" and path.stat().st_size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            return real(path, mode, *rest, **options)

        monkeypatch.setattr(Path, "open", full)
        with pytest.raises(
            WeightsError, match=r"cannot write '.*a\.onnx': no space is left there; free some, or let GONIO"
        ):
            fetch([url, mirror], tmp_path / "a.onnx")
        assert (tmp_path / ".a.onnx.part").stat().st_size == 70_000
        assert web.served["/b"].asked == []

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_no_permission(self, web: "Web", tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(WeightsError, match="Permission denied; let GONIO_HOME name a folder"):
            fetch(web.serve("/a.onnx", CONTENT), tmp_path / "a.onnx")

    def test_a_file_where_the_folder_should_be(self, web: "Web", tmp_path: Path) -> None:
        (tmp_path / "in").write_text("a file")
        with pytest.raises(WeightsError, match=r"cannot write '.*a\.onnx': (File exists|Not a directory)"):
            fetch(web.serve("/a.onnx", CONTENT), tmp_path / "in" / "a.onnx")

    def test_two_at_once_download_once(self, web: "Web", tmp_path: Path) -> None:
        url = web.serve("/a.onnx", CONTENT, always={"wait": 0.1})
        got: list[Downloaded] = []
        threads = [
            threading.Thread(target=lambda: got.append(fetch(url, tmp_path / "a.onnx", sha256=DIGEST)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (tmp_path / "a.onnx").read_bytes() == CONTENT
        assert len(web.served["/a.onnx"].asked) == 1
        assert sorted(one.url or "" for one in got) == ["", "", "", url]
        assert left(tmp_path) == ["a.onnx"]

    def test_a_disk_without_locks(self, web: "Web", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def none(descriptor: int) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr("gonio.models.locking._lock", none)
        assert fetch(web.serve("/a.onnx", CONTENT), tmp_path / "a.onnx", sha256=DIGEST).sha256 == DIGEST
        assert [name for name in left(tmp_path) if "part" in name] == []


def test_a_lock_is_held_by_one_and_leaves_nothing(tmp_path: Path) -> None:
    path, inside, most = tmp_path / "lock", 0, 0
    turns: list[str] = []

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with locked(path) as turn:
                inside += 1
                most = max(most, inside)
                turns.append(turn)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, len(turns), set(turns) <= {"at once", "after another"}) == (1, 15, True)
    assert left(tmp_path) == []


def test_patience_doubles_up_to_a_limit() -> None:
    patience = Patience(pause_s=1, longest_pause_s=5)
    assert [patience.pause(n, 0) for n in (1, 2, 3, 4)] == [1, 2, 4, 5]
    assert patience.pause(1, 3) == 3
    assert patience.pause(1, 9999) == 5
