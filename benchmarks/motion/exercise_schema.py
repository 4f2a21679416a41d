"""Write ``docs/schemas/exercise.schema.json`` from the code: ``python -m benchmarks.motion.exercise_schema``."""

import json
from pathlib import Path

from gonio.analysis.exercises.catalogue import json_schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "exercise.schema.json"


def main() -> None:
    """Write the schema."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
