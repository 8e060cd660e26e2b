"""Scripted changes of real docs: is each effect on the answers named, and does nothing else raise an alarm?

Run `python -m tests.bench.impact --docs DIR --index DIR --questions FILE [--count N] [--rounds R] [--json FILE]` from
the repository's root. The docs are copied, and for each of twelve changes one question is chosen whose quoted answer
the change touches. Named rightly: that question shows the expected effects, and its cause is the changed page. False
alarms are changed answers after a change that means nothing to a reader. With --rounds, `impact` over all questions is
timed next to two bare runs of `eval --no-llm`, in turn.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.pairs import in_turn, ratios, timed


@dataclass(frozen=True)
class Target:
    """A question with the page and the words of its first citation before any change."""

    id: str
    question: str
    file: Path
    quote: str
    section: str


@dataclass(frozen=True)
class World:
    """A copy of docs and index."""

    docs: Path
    index: Path
    questions: Path

    def run(self, *arguments: str) -> tuple[dict[str, float], Any]:
        where = ("--docs", str(self.docs), "--index", str(self.index))
        sample, out = timed([sys.executable, "-m", "cli", *arguments, *where])
        return sample, json.loads(out) if "--json" in arguments else out

    def impact(self) -> dict[str, Any]:
        found = self.run("impact", "previous", "current", str(self.questions), "--no-llm", "--json")[1]
        return {one["id"]: one for one in found["impacts"]}


Change = Callable[[World, Target], None]


def edit(path: Path, change: Callable[[str], str]) -> None:
    old = path.read_text(encoding="utf-8")
    new = change(old)
    assert new != old, path
    path.write_text(new, encoding="utf-8")


def paragraph_of(text: str, quote: str) -> str:
    start = text.index(quote)
    first = text.rfind("\n\n", 0, start) + 2
    last = text.find("\n\n", start + len(quote))
    return text[first : last if last >= 0 else len(text)]


def remove_paragraph(_: World, target: Target) -> None:
    edit(target.file, lambda text: text.replace(paragraph_of(text, target.quote), "", 1))


def change_number(_: World, target: Target) -> None:
    new = re.sub(r"\d+", lambda found: str(int(found[0]) + 7), target.quote)
    edit(target.file, lambda text: text.replace(target.quote, new, 1))


def reword(_: World, target: Target) -> None:
    words = target.quote.split(" ")
    new = " ".join([*words[: len(words) // 2], "usually", *words[len(words) // 2 :]])
    edit(target.file, lambda text: text.replace(target.quote, new, 1))


def rename_page(_: World, target: Target) -> None:
    def change(text: str) -> str:
        return re.sub(r"^(url: \S+?)/?$", r"\1-renamed", text, count=1, flags=re.MULTILINE)

    edit(target.file, change)


def rename_heading(_: World, target: Target) -> None:
    heading = re.compile(rf"^(#+) {re.escape(target.section)}\s*$", re.MULTILINE)
    edit(target.file, lambda text: heading.sub(r"\1 Something renamed", text, count=1))


def remove_page(_: World, target: Target) -> None:
    target.file.unlink()


def sections_of(text: str) -> tuple[str, list[str]]:
    head, *rest = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return head, rest


def move_section(world: World, target: Target) -> None:
    _, rest = sections_of(target.file.read_text(encoding="utf-8"))
    moved = next(part for part in rest if target.quote in part)
    edit(target.file, lambda text: text.replace(moved, "", 1))
    other = next(
        path for path in sorted(world.docs.glob("*.md")) if path != target.file and "\n## " in path.read_text()
    )
    edit(other, lambda text: f"{text.rstrip()}\n\n{moved}")


def add_sentence(_: World, target: Target) -> None:
    more = f"{target.quote} It was last reviewed by the docs team."
    edit(target.file, lambda text: text.replace(target.quote, more, 1))


def elsewhere(world: World, target: Target) -> None:
    other = next(path for path in sorted(world.docs.glob("*.md")) if path != target.file)
    more = "## Colophon of the page\n\nSet in a typeface with serifs by its authors.\n"
    edit(other, lambda text: f"{text.rstrip()}\n\n{more}")


def chrome(world: World, _: Target) -> None:
    """What a crawl records next to the text: dates and tags of the server."""
    for path in world.docs.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        changed = re.sub(r"^(etag|last_modified): .*$", r"\1: 'changed'", text, flags=re.MULTILINE)
        path.write_text(changed, encoding="utf-8")


def white_space(world: World, _: Target) -> None:
    for path in world.docs.glob("*.md"):
        edit_if(path, lambda text: text.rstrip() + "\n\n\n")


def edit_if(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def reorder(world: World, _: Target) -> None:
    """The sections of every page in another order: the first becomes the last."""
    for path in world.docs.glob("*.md"):
        head, rest = sections_of(path.read_text(encoding="utf-8"))
        rest = [part.rstrip() + "\n\n" for part in rest]
        path.write_text(head + "".join([*rest[1:], *rest[:1]]), encoding="utf-8")


LOST = {"lost citation"}
CASES: dict[str, tuple[Change, list[set[str]]]] = {
    "a paragraph removed": (remove_paragraph, [LOST]),
    "a number changed": (change_number, [LOST]),
    "words changed": (reword, [LOST]),
    "a sentence added": (add_sentence, [set()]),
    "a page renamed": (rename_page, [{"other source"}]),
    "a heading renamed": (rename_heading, [{"other source"}]),
    "a section moved": (move_section, [{"other source"}]),
    "a page removed": (remove_page, [{"lost citation"}, {"other source"}, {"newly refused"}]),
}
HARMLESS: dict[str, Change] = {
    "another page changed": elsewhere, "chrome only": chrome, "white space": white_space, "sections reordered": reorder,
}  # fmt: skip


FITS: dict[str, Callable[[Target], bool]] = {
    "a number changed": lambda target: re.search(r"\d", target.quote) is not None,
    "a section moved": lambda target: any(target.quote in part for part in sections_of(target.file.read_text())[1]),
}


def targets(world: World) -> Iterator[Target]:
    """Questions whose first quote is on one page alone, once, in a section."""
    files = {path: path.read_text(encoding="utf-8") for path in sorted(world.docs.glob("*.md"))}
    same = world.run("impact", "current", "current", str(world.questions), "--no-llm", "--json")[1]
    for one in same["impacts"]:
        for cited in one["before"]["cited"][:1]:
            places = [path for path, text in files.items() if cited["quote"] in text]
            once = len(places) == 1 and files[places[0]].count(cited["quote"]) == 1
            if once and cited["section"] and "\n" not in cited["quote"]:
                yield Target(one["id"], one["question"], places[0], cited["quote"], cited["section"])


def copy_world(folder: Path, docs: Path, index: Path, questions: Path, count: int) -> World:
    shutil.copytree(docs, folder / "docs")
    ignored = shutil.ignore_patterns("responses", "eval", "holder", "lock")
    shutil.copytree(index, folder / "docs.index", ignore=ignored)
    lines = questions.read_text(encoding="utf-8").splitlines()[:count]
    (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return World(folder / "docs", folder / "docs.index", folder / "questions.jsonl")


def changed_by(world: World, kept: Path, change: Change, target: Target) -> dict[str, Any]:
    """The effects of a change on all questions; docs and index are as before afterwards."""
    shutil.copytree(world.docs, kept, dirs_exist_ok=True)
    try:
        change(world, target)
        published = world.run("reindex", "--no-crawl", "--json")[1]["published"]
        found = world.impact() if published else {}
        if published:
            world.run("reindex", "--rollback", "--json")
        return found
    finally:
        shutil.rmtree(world.docs)
        shutil.copytree(kept, world.docs)


def judge(name: str, found: dict[str, Any], target: Target) -> dict[str, Any]:
    changed = {key: one["effects"] for key, one in found.items() if one["effects"] != ["same answer"]}
    if name in HARMLESS:
        return {"change": name, "right": not changed, "false alarms": len(changed), "effects": changed}
    one = found.get(target.id, {"effects": [], "cause": None})
    effects, cause = set(one["effects"]) - {"same answer"}, (one["cause"] or {}).get("page")
    right = any(wanted <= effects for wanted in CASES[name][1]) and (cause is not None or not effects)
    return {
        "change": name,
        "right": right,
        "effects": sorted(effects),
        "cause": cause,
        "others": len(changed) - bool(effects),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--only", default="", help="one of the changes")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    document: dict[str, Any] = {"changes": []}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        world = copy_world(folder, given.docs, given.index, given.questions, given.count)
        if given.rounds:
            document["time"] = time_it(world, given.rounds)
            print(json.dumps(document["time"], indent=1), flush=True)
        fresh = list(targets(world))
        for name, change in [*((name, case[0]) for name, case in CASES.items()), *HARMLESS.items()]:
            if given.only not in ("", name):
                continue
            target = next(one for one in fresh if FITS.get(name, lambda _: True)(one))
            fresh = [*(one for one in fresh if one != target), target]  # each change gets another one
            row = judge(name, changed_by(world, folder / "kept", change, target), target)
            document["changes"].append({**row, "question": target.question})
            print(json.dumps(document["changes"][-1], ensure_ascii=False), flush=True)
    right = sum(row["right"] for row in document["changes"])
    print(f"{right} of {len(document['changes'])} named rightly")
    if given.json:
        given.json.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def time_it(world: World, rounds: int) -> dict[str, Any]:
    """CPU and wall time of `impact` over those of two evaluations of the same questions."""
    impact = ("impact", "current", "current", str(world.questions), "--no-llm", "--json")
    evaluate = ("eval", str(world.questions), "--no-llm", "--json")

    def twice() -> dict[str, float]:
        one, other = world.run(*evaluate)[0], world.run(*evaluate)[0]
        return {name: one[name] + other[name] for name in ("seconds", "cpu")} | {"peak_mb": one["peak_mb"]}

    found = in_turn({"impact": lambda: world.run(*impact)[0], "two evals": twice}, rounds)
    return {figure: ratios(found["impact"], found["two evals"], figure) for figure in ("seconds", "cpu")}


if __name__ == "__main__":
    main()
