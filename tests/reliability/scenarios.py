"""Where a fault strikes: an update, a first run, a change of source; and what must be there afterwards."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ingest.core.errors import IndexMissing
from ingest.docs.folder import read_corpus, read_sources
from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation, generation_names
from tests.reliability.editions import OWN_FILES, write_edition, write_own_files
from tests.reliability.machine import Machine, Run

DOCS: Final = "markdown_docs"
INDEX: Final = "markdown_docs.index"


class Broken(AssertionError):
    """What may never be."""


@dataclass(frozen=True)
class State:
    """The content of docs folder and index, without times and names of generations."""

    pages: dict[str, tuple[Any, ...]]
    sources: tuple[str, ...]
    index: tuple[Any, ...] | None


def pages_of(docs: Path) -> dict[str, tuple[Any, ...]]:
    """Every page by its address. Raises Broken for a file that is no page, and for the user's own ones."""
    for name, text in OWN_FILES.items():
        if (docs / name).read_text(encoding="utf-8") != text:
            raise Broken(f"the user's {name} is not as it was")
    corpus = read_corpus(docs)
    if corpus.problems:
        raise Broken(f"pages can't be read: {corpus.problems}")
    return {
        file.document.url: (file.path.relative_to(docs), file.document.title, file.document.body, file.document.source)
        for file in corpus.files
    }


def index_of(index: Path) -> tuple[Any, ...] | None:
    """All that the current generation answers from; None where there is no index."""
    try:
        generation = current_generation(index)
    except IndexMissing:
        return None
    store = Store(generation)
    pages = [(page.document.url, page.document.title, page.document.body, page.file) for page in store.pages()]
    # None of them is the same to the bit each time: pages have the time of their crawl, and the whitening is computed
    # from the vectors, in several threads.
    ours = ("duckdb", "whitening", "pages.jsonl", "page_checksums")
    files = generation.manifest["files"].items()
    facts = {name: sums["sha256"] for name, sums in files if not any(part in name for part in ours)}
    return (pages, store.all_chunks(), store.vectors().tolist(), facts)


def state_of(case: Path) -> State:
    """What a case folder holds."""
    return State(pages_of(case / DOCS), read_sources(case / DOCS), index_of(case / INDEX))


@dataclass
class Tally:
    """How the cases of one kind went."""

    cases: int = 0
    old: int = 0
    new: int = 0
    struck: int = 0
    """Cases in which the run did not end well: killed, or failed with a message."""
    leftovers: int = 0
    """Cases in which the struck run left files that the next one had to remove."""
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = (
            f"{self.cases} cases, {self.struck} struck: {self.old} old, {self.new} new, {self.leftovers} left files"
        )
        return "\n    ".join([f"{counts}, {len(self.failures)} failures", *self.failures[:20]])


@dataclass(frozen=True)
class Scenario:
    """A prepared folder, the run that a fault befalls, and the state before and after it."""

    machine: Machine
    prepared: Path
    arguments: tuple[str, ...]
    then: tuple[str, ...]
    """The run after the fault."""
    old: State
    new: State
    names: frozenset[str]
    """What stands in an index folder, beside generations, when all went well."""
    either: bool = False
    """Whether the next run may also end in the old state: when it is not told of the new source."""

    @contextmanager
    def case(self, folder: Path | None = None) -> Iterator[Path]:
        """A fresh copy of the prepared folder, below `folder`."""
        case = (folder or self.machine.folder) / "case"
        shutil.rmtree(case, ignore_errors=True)
        shutil.copytree(self.prepared, case)
        yield case

    def check(self, case: Path, run: Run, tally: Tally) -> None:
        """Judge what a run left, then what the next one makes of it; a failure is noted, not raised."""
        tally.cases += 1
        tally.struck += run.status != 0
        try:
            self._check_struck(case, run, tally)
            tally.leftovers += bool(litter(case, self))
            self._check_next(case)
        except Exception as error:  # noqa: BLE001 - anything that reading a damaged folder raises is a finding
            tally.failures.append(f"{type(error).__name__}: {error}"[:600])

    def _check_struck(self, case: Path, run: Run, tally: Tally) -> None:
        if run.status not in (0, 1, -9):
            raise Broken(f"exit status {run.status}: {run.err}")
        lines = run.err.splitlines()
        told = [line for line in lines if line.startswith(("error: ", "hint: "))]
        if run.status == 1 and (len(told) != 2 or "askdocs; -vv" in run.err or "Traceback" in run.err):
            raise Broken(f"the message names no fix: {run.err}")
        index = index_of(case / INDEX)
        if index not in (self.old.index, self.new.index):
            raise Broken("the index is neither the old nor the new one")
        if run.status == 0 and index != self.new.index:
            raise Broken("the run said that all is well, and the index is the old one")
        tally.new += index == self.new.index
        tally.old += index != self.new.index
        self._check_pages(pages_of(case / DOCS))

    def _check_pages(self, pages: dict[str, tuple[Any, ...]]) -> None:
        for url in {**self.old.pages, **self.new.pages, **pages}:
            versions = (self.old.pages.get(url), self.new.pages.get(url))
            if pages.get(url) not in versions:
                raise Broken(f"{url} is neither the old nor the new page: {pages.get(url)}")

    def _check_next(self, case: Path) -> None:
        run = self.machine.run(case, *self.then)
        if run.status:
            raise Broken(f"the next run failed: {run.err}")
        after = state_of(case)
        if after != self.new and not (self.either and after == self.old):
            pages = sorted(set(after.pages.items()) ^ set(self.new.pages.items()), key=str)
            raise Broken(f"the next run did not make it whole: {after.sources}, {str(pages)[:300]}")
        if left := litter(case, self):
            raise Broken(f"the next run left {left}")


def litter(case: Path, scenario: Scenario) -> set[str]:
    """Files and folders that no whole state has."""
    docs, index = case / DOCS, case / INDEX
    known = {docs / ".askdocs.json", *(docs / name for name in OWN_FILES)}
    known |= {docs / facts[0] for state in (scenario.old, scenario.new) for facts in state.pages.values()}
    found = {path for path in docs.rglob("*") if not path.is_dir()} - known
    if index.is_dir():
        kept = scenario.names.union(generation_names(index)[-2:])
        found |= {path for path in index.iterdir() if path.name not in kept}
        found |= {path for path in index.glob("responses/*") if path.suffix != ".page"}
    return {str(path.relative_to(case)) for path in found}


def update(machine: Machine) -> Scenario:
    """The recorded source has a new edition."""
    source = machine.folder / "update"
    prepared = _prepared(machine, "update", source)
    old = state_of(prepared)
    write_edition(source, 2)
    return _with_result(machine, prepared, ("reindex",), ("reindex",), old)


def first(machine: Machine) -> Scenario:
    """There is no index yet, only the user's own files."""
    source, prepared = machine.folder / "first", machine.folder / "first.prepared"
    write_edition(source, 1)
    write_own_files(prepared / DOCS)
    again = ("reindex", "--from", str(source))
    return _with_result(machine, prepared, again, again, state_of(prepared))


def replacement(machine: Machine) -> Scenario:
    """Another source takes the place of the recorded one; the next run is told of neither."""
    prepared = _prepared(machine, "replaced", machine.folder / "replaced")
    other = machine.folder / "replacement"
    write_edition(other, 2)
    arguments = ("reindex", "--replace", "--from", str(other))
    made = _with_result(machine, prepared, arguments, ("reindex",), state_of(prepared))
    return replace(made, either=True)


def _prepared(machine: Machine, name: str, source: Path) -> Path:
    write_edition(source, 1)
    prepared = machine.folder / f"{name}.prepared"
    write_own_files(prepared / DOCS)
    built = machine.run(prepared, "reindex", "--from", str(source))
    if built.status:
        raise Broken(built.err)
    return prepared


def _with_result(
    machine: Machine, prepared: Path, arguments: tuple[str, ...], then: tuple[str, ...], old: State
) -> Scenario:
    done = machine.folder / "done"
    shutil.rmtree(done, ignore_errors=True)
    shutil.copytree(prepared, done)
    run = machine.run(done, *arguments)
    if run.status:
        raise Broken(run.err)
    made = {path.name for path in (done / INDEX).iterdir()} - set(generation_names(done / INDEX))
    names = {name for name in made if name[0] != "." and name != "holder"}
    return Scenario(machine, prepared, arguments, then, old, state_of(done), frozenset(names))
