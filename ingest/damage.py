"""Index folder -> what is wrong with its files, for runs that would otherwise find nothing to do."""

import hashlib
from pathlib import Path

from ingest.errors import IndexDamaged, IndexMismatch, IndexMissing
from ingest.generations import current_generation


def damage(index: Path) -> str:
    """What is wrong with the current generation, "" where nothing is, or where there is none.

    Every file is read whole, those included whose parts are checked no earlier than a question reads them.
    """
    try:
        generation = current_generation(index)
    except IndexDamaged as error:
        return error.message
    except (IndexMissing, IndexMismatch):
        return ""
    for name, facts in generation.manifest["files"].items():
        path = generation.folder / Path(name).name
        try:
            with path.open("rb") as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest() == facts["sha256"]
        except OSError:
            whole = False
        if not whole:
            return f"{path} is not as it was written"
    return ""
