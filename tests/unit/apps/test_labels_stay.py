from pathlib import Path

import pytest

from gonio.apps.cli.data_label import check_labels_stay
from gonio.errors import ConfigError


@pytest.mark.parametrize(("read", "other"), [("c.csv", "c.h5"), ("c.h5", "c.csv"), ("c.csv", "c.hdf5")])
def test_both_files_of_a_deeplabcut_project_are_its_labels(tmp_path: Path, read: str, other: str) -> None:
    """They hold the same table; half of it replaced, the project would say two things."""
    labels, twin = tmp_path / read, tmp_path / other
    labels.write_text("scorer,Ann,Ann\n")
    check_labels_stay([labels], [twin], None)  # which is not there yet
    twin.write_text("scorer,Ann,Ann\n")
    with pytest.raises(ConfigError, match=rf"the output '.*{other}' would replace the labels '.*{other}'"):
        check_labels_stay([labels], [twin], None)
    check_labels_stay([labels], [tmp_path / "d.csv"], None)
