"""Files of an index that are not what was written: each is named with its remedy, and none is answered from."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.reliability.machine import Machine
from tests.reliability.scenarios import INDEX, Broken, Scenario, Tally, state_of

ASK = ("inspect", "What is said of limits in changing-3?", "--json")
Damage = Callable[[], object]


def files_of(case: Path) -> list[Path]:
    """Every file that answers depend on."""
    index = case / INDEX
    current = index / (index / "CURRENT").read_text().strip()
    return [index / "CURRENT", *sorted(current.iterdir())]


def flips(case: Path, count: int, seed: int = 4) -> Iterator[Damage]:
    """Single bits, in each file in turn, its head included."""
    chance = random.Random(seed)
    paths = files_of(case)
    for number in range(count):
        path = paths[number % len(paths)]
        size = path.stat().st_size
        at = chance.randrange(size if number % 2 else min(size, 4096))
        yield partial(_flip, path, at, 1 << chance.randrange(8))


def truncations(case: Path, count: int) -> Iterator[Damage]:
    """Each file cut at `count` places, 0 bytes among them, and each file gone."""
    for path in files_of(case):
        whole = path.read_bytes()
        for part in range(count):
            yield partial(path.write_bytes, whole[: len(whole) * part // count])
        if path.name != "CURRENT":  # without that one there is no index
            yield path.unlink


def foreign(case: Path) -> Iterator[Damage]:
    """Whole files that are somebody else's: junk, another database's log, other versions, another model."""
    for path in files_of(case):
        yield partial(path.write_bytes, b"\x7fELF\0junk" * 100)
    generation = files_of(case)[1].parent
    database = generation / "index.duckdb"
    yield partial((generation / "index.duckdb.wal").write_bytes, b"WAL of another database")
    yield partial(_rewrite, generation, lambda manifest: manifest.update(format=99))
    yield partial(_rewrite, generation, lambda manifest: manifest["embedder"].update(fingerprint="other/1"))
    for version in (1, 40, 255):
        yield partial(_of_version, generation, database, version)
    yield partial(_narrower, generation)


def _flip(path: Path, at: int, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= bit
    path.write_bytes(data)


def _rewrite(generation: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest and sign it anew, as another version of askdocs would have written it."""
    path = generation / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    for name, facts in manifest["files"].items():
        data = (generation / name).read_bytes()
        facts.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    del manifest["checksum"]
    manifest["checksum"] = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(manifest), encoding="utf-8")


def _of_version(generation: Path, database: Path, version: int) -> None:
    """A database of another storage version: the number stands behind checksum and magic bytes."""
    data = bytearray(database.read_bytes())
    assert data[8:12] == b"DUCK"
    data[12:20] = version.to_bytes(8, "little")
    database.write_bytes(data)
    _rewrite(generation, lambda _: None)


def _narrower(generation: Path) -> None:
    """Vectors of another length than the embedder gives."""
    import numpy as np

    vectors = np.load(generation / "vectors.npy")
    np.save(generation / "vectors.npy", vectors[:, :32].copy())
    _rewrite(generation, lambda _: None)


def check(scenario: Scenario, damages: Callable[[Path], Iterator[Damage]], mend: int = 0) -> Tally:
    """Do each damage to a fresh copy and ask; after every `mend`-th, follow the remedy that is named."""
    machine, tally = scenario.machine, Tally()
    with scenario.case() as case:
        right = _answer(machine, case)
        names = [path.relative_to(case) for path in files_of(case)]
        whole = {name: (case / name).read_bytes() for name in names}
        for number, damage in enumerate(damages(case)):
            damage()
            tally.cases += 1
            try:
                tally.struck += _is_named(machine, case, right)
                if mend and number % mend == 0:
                    _mend(scenario, case)
            except Exception as error:  # noqa: BLE001 - a finding, whatever it is
                tally.failures.append(f"damage {number}: {error}"[:400])
            _restore(case, whole)
    return tally


def _answer(machine: Machine, case: Path) -> Any:
    run = machine.run(case, *ASK)
    if run.status:
        raise Broken(run.err)
    return json.loads(run.out)["chunks"]


def _is_named(machine: Machine, case: Path, right: Any) -> bool:
    """Whether the damage was found. Raises Broken for a wrong answer and for a message without a remedy."""
    run = machine.run(case, *ASK)
    if run.status == 0:
        if json.loads(run.out)["chunks"] != right:
            raise Broken("a wrong answer")
        return False
    error = json.loads(run.out)["error"] if run.out else {}
    if error.get("code") not in ("index-damaged", "index-mismatch") or "reindex" not in error.get("hint", ""):
        raise Broken(f"no name or no remedy: {run.out}{run.err}")
    return True


def _mend(scenario: Scenario, case: Path) -> None:
    run = scenario.machine.run(case, "reindex", "--no-crawl", "--full")
    if run.status or state_of(case) != scenario.old:
        raise Broken(f"the remedy does not help: {run.err}")


def _restore(case: Path, whole: dict[Path, bytes]) -> None:
    for name, data in whole.items():
        (case / name).parent.mkdir(exist_ok=True)
        (case / name).write_bytes(data)
    for path in (case / INDEX).glob("*/*.wal"):
        path.unlink()
