import json
import shutil

import pytest

from tests.conftest import REPOSITORY, CommandLine

TOPICS = (
    "What are model variants? | How are rate limits calculated? | How do I stream responses? | error 402 | "
    "How do I set a fallback model? | What does :free mean? | How do I rotate an API key? | "
    "Which parameters can I send? | prompt caching | structured outputs | What is the auto router?"
).split(" | ")
STRANGE = (
    "How do I bake sourdough bread? | Who won the chess olympiad? | best hiking trails in Norway | "
    "How tall is Mount Kenya? | knit a scarf | Why is the sky blue? | capital of Mongolia | "
    "How do whales sleep? | tune a violin | When was the telescope invented? | grow tomatoes indoors"
).split(" | ")


@pytest.fixture(scope="module")
def world(starter: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    folder = tmp_path_factory.mktemp("calibrate") / "work"
    shutil.copytree(starter.cwd, folder)
    lines = [{"question": text, "gold": [{"page": "/docs/faq", "section": "FAQ"}]} for text in TOPICS]
    lines += [{"question": text, "answerable": False} for text in STRANGE]
    gold = json.loads((REPOSITORY / "eval" / "questions" / "starter.jsonl").read_text("utf-8").splitlines()[0])["gold"]
    text = "\n".join(json.dumps({**line, "gold": gold} if "gold" in line else line) for line in lines)
    (folder / "both.jsonl").write_text(text, encoding="utf-8")
    return CommandLine(folder, starter.environ)


def test_thresholds_are_fitted_stored_and_shown(world: CommandLine) -> None:
    before = world("status", "--json").json["index"]["thresholds"]
    assert before["calibrated"] is False
    assert "default, which refuses rarely; not calibrated for these docs" in " ".join(world("status").out.split())
    done = world("eval", "both.jsonl", "--retrieval-only", "--calibrate", "--json")
    assert done.status == 0, done.out
    fitted = done.json["calibration"]
    assert 0 <= fitted["call"] <= fitted["answer"] <= 1
    assert fitted["answer_interval"]["low"] <= fitted["answer"] <= fitted["answer_interval"]["high"]
    assert set(fitted["cross_validated"]) == {
        "false_refusals",
        "refusal_recall",
        "refusal_precision",
        "call_recall",
        "call_precision",
        "auroc",
    }
    # Bread and whales are told from tokens and keys by any signal worth its name.
    assert fitted["cross_validated"]["auroc"]["value"] > 0.9
    assert set(fitted["signals"]) >= {"cosine", "coverage"}
    after = world("status", "--json").json["index"]["thresholds"]
    assert after == {
        "answer": pytest.approx(fitted["answer"], abs=1e-4),
        "call": pytest.approx(fitted["call"], abs=1e-4),
        "calibrated": True,
    }
    assert "(calibrated)" in world("status").out


def test_a_reindex_keeps_them(world: CommandLine) -> None:
    page = next((world.cwd / "markdown_docs").glob("*faq.md"))
    page.write_text(page.read_text("utf-8") + "\n\nOne more line.\n", encoding="utf-8")
    assert world("reindex", "--no-crawl").status == 0
    assert world("status", "--json").json["index"]["thresholds"]["calibrated"] is True
