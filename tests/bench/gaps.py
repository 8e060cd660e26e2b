"""`askdocs gaps` on made-up logs: are planted gaps found, how pure are the clusters, how long does a large log take?

Run `python -m tests.bench.gaps --docs DIR --index DIR [--many N] [--rounds R] [--json FILE]` from the repository's
root, with an index of the bundled embedder. The floor of a large log is a process that does nothing but embed its
distinct questions. Purity is measured on small logs: a log of 500 refused questions is made around 12 subjects that no
docs of software describe, in many wordings, with slips of the keyboard. A gap is found when one cluster has most of
its questions and consists mostly of them. Purity is the share of questions that are in a cluster whose most frequent
subject is theirs.
"""

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.bench.pairs import Sample, timed

SUBJECTS = {
    "post": """send invoices by post
        get my invoice as a paper letter
        receive bills in the mail
        mail a printed invoice to my address""",
    "wallet": """pay with a crypto wallet
        top up with bitcoin
        use ethereum to pay for credits
        settle the bill in cryptocurrency""",
    "pods": """run it on kubernetes
        deploy a helm chart
        scale pods in my k8s cluster
        install the kubernetes operator""",
    "dark": """turn on dark mode
        switch the dashboard to a dark theme
        use night colours in the web app
        change the theme to dark""",
    "app": """install the mobile app
        find the app in the play store
        use it on my iphone
        get the android app""",
    "voices": """choose a voice for speech synthesis
        clone my voice
        change the text to speech speaker
        list the spoken voices""",
    "subtitles": """generate subtitles for a video
        translate captions of my film
        add closed captions to a clip
        make srt files from videos""",
    "calendar": """sync with google calendar
        export team holidays to outlook
        share a calendar of absences
        import an ics calendar""",
    "printer": """install a printer driver
        print on a network printer
        update the driver of my printer
        fix paper jams of the printer""",
    "chess": """compute an elo rating in chess
        analyse a chess game
        find the best chess opening
        play against a chess engine""",
    "tax": """claim back vat
        get a tax refund
        add my tax number for vat
        have sales tax removed""",
    "garden": """water tomatoes
        grow vegetables on a balcony
        prune an apple tree
        plant seeds in spring""",
}
FRAMES = """How do I {}?
    how can i {}
    Is it possible to {}?
    I want to {}
    {} - how?
    Where can I {}?
    Can you explain how to {}?
    hi, I need to {}, please help
    What do I do to {}?
    we would like to {}""".split("\n")
MIXED = ("How do I {} {} in {}?", "what is {} {} {}", "can {} use {} with {}?", "why does {} fail with {} {}")
FLOOR = """
import json, sys
from ingest.embed.minilm import MiniLm
texts = list(dict.fromkeys(json.loads(line)["question"] for line in open(sys.argv[1], encoding="utf-8")))
assert sum(1 for _ in MiniLm().embed_stream(texts)) == len(texts)
"""


def slip(text: str, random_: random.Random) -> str:
    """Two letters of a longer word exchanged, as fingers do it."""
    at = random_.randrange(1, max(2, len(text) - 2))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :] if text[at : at + 2].isalpha() else text


def ask(subject: str, random_: random.Random) -> str:
    text = random_.choice(FRAMES).strip().format(random_.choice(SUBJECTS[subject].split("\n")).strip())
    return slip(text, random_) if random_.random() < 0.15 else text


def write_log(path: Path, count: int, seed: int) -> dict[str, str]:
    """A log of refused questions; returns the subject of each line's id."""
    random_, subjects = random.Random(seed), {}
    with path.open("w", encoding="utf-8") as file:
        for at in range(count):
            subject = random_.choice(list(SUBJECTS))
            subjects[f"{at:x}"] = subject
            line = {"id": f"{at:x}", "time": f"2026-{1 + at * 12 // count:02}-01T00:00:{at % 60:02}+00:00"}
            line |= {"question": ask(subject, random_), "answered": False, "confidence": 0.1}  # type: ignore[dict-item]
            file.write(json.dumps(line) + "\n")
    return subjects


def judge(gaps: list[dict[str, Any]], subjects: dict[str, str]) -> dict[str, float]:
    counts = [Counter(subjects[one] for one in gap["ids"]) for gap in gaps]
    totals, pure, found = Counter(subjects.values()), 0, set()
    for count in counts:
        subject, most = count.most_common(1)[0]
        pure += most
        if 2 * most > totals[subject] and 2 * most > count.total():
            found.add(subject)
    return {"planted": len(SUBJECTS), "found": len(found), "clusters": len(gaps), "purity": pure / len(subjects)}


def unique(path: Path) -> None:
    """Make every line another text, as if nobody asked the same twice: the slowest case for the embedder."""
    rewritten = []
    for at, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        fields = json.loads(line)
        fields["question"] += f" for project {at % 977} of team {at // 977}"
        rewritten.append(json.dumps(fields))
    path.write_text("\n".join(rewritten), encoding="utf-8")


def write_mixed_log(path: Path, docs: Path, count: int) -> None:
    """A log of refused questions on everything: words of the pages at random, the slowest case for the search."""
    text = " ".join(page.read_text(encoding="utf-8") for page in sorted(docs.rglob("*.md"))[:100])
    words = sorted(set(re.findall(r"[a-z]{4,14}", text)))
    random_ = random.Random(5)
    with path.open("w", encoding="utf-8") as file:
        for at in range(count):
            question = random_.choice(MIXED).format(*random_.sample(words, 3))
            line = {"id": f"{at:x}", "time": f"2026-{1 + at * 12 // count:02}-01T00:00:00+00:00", "question": question}
            file.write(json.dumps(line | {"answered": False, "confidence": 0.1}) + "\n")


def floor(log: Path) -> Sample:
    """The floor: a process that loads the bundled embedder and embeds each distinct question of the log, no more."""
    return timed([sys.executable, "-c", FLOOR, str(log)])[0]


def gaps(docs: Path, index: Path, log: Path) -> tuple[list[dict[str, Any]], Sample]:
    """The gaps, and what the whole command took."""
    where = ["--docs", str(docs), "--index", str(index)]
    sample, said = timed([sys.executable, "-m", "cli", "gaps", "--log", str(log), "--json", *where])
    return json.loads(said)["gaps"], sample


def beside_floor(docs: Path, index: Path, log: Path, rounds: int) -> dict[str, float]:
    """`gaps` and its floor in turn; medians, and the ratio of the CPU seconds."""
    rows, clusters = [], 0
    for _ in range(rounds):
        bare = floor(log)
        found, sample = gaps(docs, index, log)
        clusters = len(found)
        rows.append((sample["seconds"], sample["cpu"], bare["cpu"], sample["cpu"] / bare["cpu"]))
    wall, cpu, least, ratio = (statistics.median(column) for column in zip(*rows, strict=True))
    return {"clusters": clusters, "seconds": wall, "cpu": cpu, "floor_cpu": least, "cpu_to_floor": ratio}


def show(name: str, row: dict[str, float]) -> None:
    print(f"{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in row.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    document: dict[str, Any] = {"planted": []}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "questions.log"
        for seed in range(given.seeds):
            subjects = write_log(log, 500, seed)
            found, sample = gaps(given.docs, given.index, log)
            document["planted"].append({**judge(found, subjects), **sample})
            show(f"seed {seed}", document["planted"][-1])
        if given.many:
            write_log(log, given.many, 99)
            unique(log)
            document["unique"] = beside_floor(given.docs, given.index, log, given.rounds)
            show("all different, 12 subjects", document["unique"])
            write_mixed_log(log, given.docs, given.many)
            document["mixed"] = beside_floor(given.docs, given.index, log, given.rounds)
            show("all different, any subject", document["mixed"])
    if given.json:
        given.json.write_text(json.dumps(document, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
