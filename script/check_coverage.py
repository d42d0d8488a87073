"""Hold the coverage that the last test run recorded against what is asked for.

Says nothing where all is well. Lines and branches are counted apart, so that many of
the one cannot make up for few of the other.
"""

import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import TypedDict

from coverage import Coverage

INTEGRATION = "custom_components/glocalflex/"

# Percent of lines, and of branches, by the path's beginning.
FLOORS = {INTEGRATION: 95, f"{INTEGRATION}config_flow.py": 100}


class Summary(TypedDict):
    """What coverage's JSON report counts of a file."""

    covered_lines: int
    num_statements: int
    covered_branches: int
    num_branches: int


class File(TypedDict):
    """One file of coverage's JSON report."""

    summary: Summary


def shortfalls(files: dict[str, File]) -> list[str]:
    """Say of each floor that is not reached by how much."""
    found = []
    for path, floor in FLOORS.items():
        summaries = [
            file["summary"] for name, file in files.items() if name.startswith(path)
        ]
        for kind, covered, total in (
            (
                "lines",
                sum(summary["covered_lines"] for summary in summaries),
                sum(summary["num_statements"] for summary in summaries),
            ),
            (
                "branches",
                sum(summary["covered_branches"] for summary in summaries),
                sum(summary["num_branches"] for summary in summaries),
            ),
        ):
            if not summaries or covered * 100 < floor * total:
                found.append(
                    f"{path}: {covered} of {total} {kind} are covered, not {floor} %"
                )
    return found


def main() -> int:
    """Read the recorded coverage and compare."""
    coverage = Coverage()
    coverage.load()
    with TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(report))
        found = shortfalls(json.loads(report.read_bytes())["files"])
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
