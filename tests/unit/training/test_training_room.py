"""What the room asks for, and what it does not cost those who only run models."""

import subprocess
import sys


def run(code: str) -> str:
    """What a fresh Python prints."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_without_torch_the_way_out_is_said() -> None:
    code = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from gonio.errors import MissingDependencyError\n"
        "try:\n"
        "    import gonio.training.networks\n"
        "except MissingDependencyError as error:\n"
        "    print(error)\n"
    )
    assert run(code) == ("training needs torch, which is not installed; install it with: pip install 'gonio[train]'")


def test_running_a_model_does_not_import_torch() -> None:
    code = "import sys, gonio; gonio.load_model('multipose', threads=1); print('torch' in sys.modules)"
    assert run(code) == "False"
