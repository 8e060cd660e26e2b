"""The index of the starter pages, which ships with askdocs so that a first question waits for no model to load.

`make starter-index` builds it and packs its files into starter.zip. It is used for exactly the pages, the
chunker, the embedder and the file format that it was made with; for anything else the pages are indexed.
"""

import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ingest.embed.base import Embedder
from ingest.index.base import StoredPage
from ingest.index.build import IndexReport, fingerprint
from ingest.index.folder.files import MANIFEST, sha256_of
from ingest.index.folder.generations import FORMAT, building, current_generation, publish

SHIPPED: Final = Path(__file__).with_name("starter.zip")

_OF_A_PLACE: Final = ("format", "previous", "files", "checksum")
"""What `publish` adds to a manifest."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the archive, so that the same index gives the same archive."""


def pack(index: Path, archive: Path = SHIPPED) -> None:
    """Write the files of the current generation into `archive`. Raises IndexMissing, IndexDamaged."""
    generation = current_generation(index)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path in sorted(generation.folder.iterdir()):
            file.writestr(zipfile.ZipInfo(path.name, _EPOCH), path.read_bytes(), zipfile.ZIP_DEFLATED)


def install(
    index: Path, pages: Sequence[StoredPage], embedder: Embedder, archive: Path = SHIPPED
) -> IndexReport | None:
    """Publish the shipped index if it is of just these pages and this embedder, else return None.

    The caller is the only writer of the index folder. Raises CorpusError.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            manifest: dict[str, Any] = json.loads(file.read(MANIFEST))
            ordered = sorted(pages, key=lambda page: page.document.url)
            if manifest["format"] != FORMAT or manifest["inputs"] != fingerprint(ordered, embedder):
                return None
            return _publish(index, file, manifest)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):  # not shipped, or damaged: the pages are indexed
        return None


def _publish(index: Path, file: zipfile.ZipFile, manifest: dict[str, Any]) -> IndexReport | None:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    with building(index, f"{stamp}-{manifest['inputs'][:8]}") as folder:
        for name, facts in manifest["files"].items():
            path = folder / Path(name).name
            path.write_bytes(file.read(name))
            if sha256_of(path) != facts["sha256"]:
                return None
        own = {name: value for name, value in manifest.items() if name not in _OF_A_PLACE}
        own["created_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        generation = publish(index, folder, own)
    return IndexReport(generation, published=True, total=manifest["chunks"], embedded=0, removed=0)
