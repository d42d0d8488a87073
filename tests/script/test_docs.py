"""The documents, as what links to each other."""

from itertools import chain
from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")


def anchors(document: Path) -> set[str]:
    """Return what links to a document's headings are called."""
    headings = re.findall(
        r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def links(document: Path) -> list[tuple[Path, str]]:
    """Return which files a document links to, and which of their headings."""
    return [
        ((document.parent / path).resolve() if path else document, heading)
        for path, heading in LINK.findall(document.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.stem)
def test_links(document: Path) -> None:
    """Each link leads somewhere."""
    for file, heading in links(document):
        assert file.exists()
        assert not heading or heading in anchors(file)


def test_pictures() -> None:
    """Each picture is shown."""
    linked = {file for file, _ in chain.from_iterable(map(links, DOCUMENTS))}
    assert linked >= {*IMAGES.iterdir()}


def test_automations_are_pictured() -> None:
    """Each trigger and condition is shown in the editor, where its example is; but the twin of one."""
    text = (ROOT / "docs" / "automations.md").read_text(encoding="utf-8")
    shown = set(
        re.findall(r"images/((?:trigger|condition)-\w+)\.png\)\n\n```yaml", text)
    )
    integration = ROOT / "custom_components" / "glocalflex"
    described = {
        f"{kind}-{name}"
        for kind in ("trigger", "condition")
        for name in re.findall(
            r"^(\w+):", (integration / f"{kind}s.yaml").read_text(), re.MULTILINE
        )
    }
    assert described - shown == {"trigger-delivery_ended"}
