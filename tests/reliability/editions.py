"""A small site in numbered editions: some pages stay, some change, some come and go."""

import shutil
from pathlib import Path

SITE = "https://h.org/docs"
STAYING, CHANGING, PASSING = 12, 6, 2

OWN_FILES = {
    "mine.md": "# Mine\n\nWritten by hand, in no edition.\n",
    "notes/later.md": "# Later\n\nAlso by hand.\n",
    "notes/figures.csv": "a,b\n1,2\n",
    ".gitignore": "*.tmp\n",
}
"""Files that a user keeps in the docs folder; no run may touch them."""


def write_edition(folder: Path, edition: int, *, changing: int = CHANGING) -> None:
    """Put this edition's 20 pages into `folder`, in place of what it holds."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    staying = STAYING + CHANGING - changing
    names = {f"staying-{n}": "each edition" for n in range(staying)}
    names |= {f"changing-{n}": f"edition {edition}" for n in range(changing)}
    names |= {f"passing-{edition}-{n}": f"edition {edition}" for n in range(PASSING)}
    for name, said in names.items():
        (folder / f"{name}.md").write_text(_page(name, said), encoding="utf-8")


def _page(name: str, said: str) -> str:
    topics = ("limits", "prices", "errors")
    sections = (f"## The {topic} of {name}\n\nThis is what {said} says of {topic} in {name}.\n" for topic in topics)
    return f"---\nurl: {SITE}/{name}\n---\n\n# About {name}\n\nA page of {said}.\n\n" + "\n".join(sections)


def write_own_files(docs: Path) -> None:
    """Put the user's own files into the docs folder."""
    for name, text in OWN_FILES.items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
