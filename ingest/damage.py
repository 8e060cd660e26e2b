"""Index folder -> what is wrong with its files, for runs that would otherwise find nothing to do."""

import hashlib
from pathlib import Path

from ingest.errors import IndexDamaged, IndexMismatch, IndexMissing
from ingest.generations import LAZY, current_generation


def damage(index: Path) -> str:
    """What is wrong with the current generation, "" where nothing is, or where there is none.

    The file is read as well whose check opening leaves to those who read parts of it.
    """
    try:
        generation = current_generation(index)
    except IndexDamaged as error:
        return error.message
    except (IndexMissing, IndexMismatch):
        return ""
    facts = generation.manifest["files"].get(LAZY)
    if facts is None:
        return ""
    path = generation.folder / LAZY
    with path.open("rb") as file:
        whole = hashlib.file_digest(file, "sha256").hexdigest() == facts["sha256"]
    return "" if whole else f"{path} is not as it was written"
