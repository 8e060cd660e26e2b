"""Index folder -> what is wrong with its files, for runs that would otherwise find nothing to do."""

from pathlib import Path

from ingest.checks import check_late
from ingest.errors import IndexDamaged, IndexMismatch, IndexMissing
from ingest.generations import current_generation


def damage(index: Path) -> str:
    """What is wrong with the current generation, "" where nothing is, or where there is none.

    Every file is read whole, those included whose parts are checked no earlier than a question reads them.
    """
    try:
        generation = current_generation(index)
        for name, facts in generation.manifest["files"].items():
            check_late(generation.folder / Path(name).name, facts)
    except IndexDamaged as error:
        return error.message
    except (IndexMissing, IndexMismatch):
        return ""
    return ""
