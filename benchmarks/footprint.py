"""What the installed core weighs, and how long ``import gonio`` takes: ``make footprint``.

Makes an environment of its own, so that nothing else is counted. Sizes are of unpacked files, without byte code.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMPORT = "import time; t = time.perf_counter(); import gonio; print(time.perf_counter() - t)"
FIRST_USE = "import time; t = time.perf_counter(); import gonio; gonio.predict; print(time.perf_counter() - t)"


def run(*command: str | Path) -> str:
    """Standard output of a command that must succeed."""
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def megabytes(folder: Path) -> float:
    """Size of all files below, without byte code."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink() and file.suffix != ".pyc")
    return sum(file.stat().st_size for file in files) / 1e6


def seconds(python: Path, code: str) -> float:
    """Median over five fresh processes of what the code prints."""
    return statistics.median(float(run(python, "-c", code)) for _ in range(5))


def main() -> None:
    """Install, weigh, time, print."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", f"{ROOT}[cpu]")
        packages = json.loads(run(python, "-m", "pip", "list", "--format", "json"))
        names = sorted(entry["name"] for entry in packages if entry["name"] not in ("pip", "setuptools"))
        site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
        own = sum(megabytes(entry) for entry in site.iterdir() if entry.name.split("-")[0] in ("pip", "setuptools"))
        run(python, "-c", FIRST_USE)  # byte code is written, files are cached
        print(f"Python {sys.version.split()[0]}, gonio[cpu] and what it needs: {len(names)} packages")
        print(f"installed: {megabytes(site) - own:.0f} MB, of it gonio {megabytes(site / 'gonio'):.0f} MB")
        print(f"import gonio: {seconds(python, IMPORT):.2f} s; up to gonio.predict: {seconds(python, FIRST_USE):.2f} s")


if __name__ == "__main__":
    main()
