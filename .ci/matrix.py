"""Print the outputs of a step of GitHub Actions for a plan: the matrix, and how many jobs it has."""

import json
import sys
from pathlib import Path


def main() -> None:
    """Read the document of `harness plan --shards N --json`."""
    matrix = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["matrix"]
    print(f"matrix={json.dumps(matrix)}")
    print(f"jobs={len(matrix['include'])}")


if __name__ == "__main__":
    main()
