"""Back to the generation before the current one."""

from pathlib import Path

from ingest.errors import IndexMissing
from ingest.generations import Generation, generation_names, open_generation, point, pointed, writing
from ingest.litter import replaced_by


def return_to_previous(index: Path) -> tuple[str, Generation]:
    """Make the generation that the current one replaced answer again, be the current one damaged or not.

    Gives the name of the one that was left, and the one that answers now. The markdown pages stay as
    they are. Raises IndexMissing when there is no earlier one, IndexDamaged or IndexMismatch when it
    can't be read, IndexLocked.
    """
    missing = IndexMissing(f"there is no index at {index}", "build one: askdocs reindex --no-crawl")
    if not index.is_dir():
        raise missing
    with writing(index):
        current, whole = pointed(index), generation_names(index)
        if not whole:
            raise missing
        earlier = [name for name in whole if not current or name < current]
        previous = replaced_by(index, current)
        target = previous if previous in whole else next(reversed(earlier), "")
        if not target:
            hint = "to index the markdown at hand: askdocs reindex --no-crawl"
            raise IndexMissing(f"there is no generation before {current} at {index}", hint)
        generation = open_generation(index, target)
        point(index, target)
        return current, generation
