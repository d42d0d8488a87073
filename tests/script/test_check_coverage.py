"""The coverage that is asked for."""

import pytest

from script.check_coverage import FLOORS, File, shortfalls

FLOW = "custom_components/glocalflex/config_flow.py"
SENSOR = "custom_components/glocalflex/sensor.py"


def file(lines: tuple[int, int], branches: tuple[int, int]) -> File:
    """Build a file of the report: (covered, all) lines and branches."""
    return File(
        summary={
            "covered_lines": lines[0],
            "num_statements": lines[1],
            "covered_branches": branches[0],
            "num_branches": branches[1],
        }
    )


def test_all_reached() -> None:
    """Nothing is said at exactly the floor, nor of a file without branches."""
    assert not shortfalls(
        {FLOW: file((40, 40), (0, 0)), SENSOR: file((95, 100), (19, 20))}
    )


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {FLOW: file((40, 40), (9, 10)), SENSOR: file((9000, 9000), (100, 100))},
            [f"{FLOW}: 9 of 10 branches are covered, not 100 %"],
        ),
        (
            {FLOW: file((100, 100), (10, 10)), SENSOR: file((900, 900), (80, 90))},
            ["custom_components/glocalflex/: 90 of 100 branches are covered, not 95 %"],
        ),
        (
            {FLOW: file((10, 10), (1, 1)), SENSOR: file((84, 90), (10, 10))},
            ["custom_components/glocalflex/: 94 of 100 lines are covered, not 95 %"],
        ),
    ],
)
def test_short(files: dict[str, File], expected: list[str]) -> None:
    """What falls short is named; lines do not make up for branches."""
    assert shortfalls(files) == expected


def test_nothing_recorded() -> None:
    """A floor for files that are not there is not reached."""
    assert len(shortfalls({})) == 2 * len(FLOORS)
