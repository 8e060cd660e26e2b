"""Models of known quality are told apart, equal ones are not; a budget ends a run, which goes on later."""

import random
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from eval.bakeoff.run import Bakeoff, SystemResult
from eval.bakeoff.systems import choices, names
from eval.bakeoff.verdict import judge
from eval.dataset import Question
from eval.records import AnswerCounts, Outcome
from tests.conftest import CommandLine, bare_environment
from tests.eval.made import FOUND
from tests.eval.stub_models import StubModels, write_world

COUNT = 24


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    folder = tmp_path_factory.mktemp("bakeoff")
    write_world(folder, COUNT)
    command = CommandLine(folder, {**bare_environment(folder), "ASKDOCS_DOCS": "pages"})
    built = command("reindex", "--no-crawl")
    assert built.status == 0, built.err
    return command


@pytest.fixture
def server() -> Iterator[StubModels]:
    with StubModels(COUNT) as running:
        yield running


@pytest.mark.slow
def test_a_good_model_is_told_from_a_bad_one_in_one_table(world: CommandLine, server: StubModels) -> None:
    models = "a/knows-1.0,b/knows-0.2"
    done = world("eval", "questions.jsonl", "--models", models, "--json", "--report", "b.html", **server.environ)
    assert done.status == 0, done.err
    document = done.json
    assert (document["questions"], document["common"], document["complete"]) == (COUNT, COUNT, True)
    assert (document["deciding"], document["best"]) == ("facts", "a/knows-1.0")
    good, bad = document["systems"]
    assert good["measures"]["facts"]["value"] == 1.0
    assert bad["measures"]["facts"]["value"] < 0.5
    assert good["measures"]["dollars"] == {"value": 0.001, "low": 0.001, "high": 0.001}
    against = bad["against_leader"]["facts"]
    assert against["shown"] is True
    assert against["difference"] == pytest.approx(bad["measures"]["facts"]["value"] - 1.0, abs=1e-5)
    assert document["cost_usd"] == pytest.approx(2 * COUNT * 0.001)
    page = (world.cwd / "b.html").read_text(encoding="utf-8")
    assert "a/knows-1.0 is better in facts than b/knows-0.2." in page
    assert "<script" not in page


@pytest.mark.slow
def test_a_budget_ends_the_run_and_the_same_command_goes_on(world: CommandLine, server: StubModels) -> None:
    command = ["eval", "questions.jsonl", "--models", "c/knows-0.5,d/knows-0.5", "--jobs", "1", "--json"]
    first = world(*command, "--budget", "0.0105", **server.environ)
    assert first.status == 0, first.err
    asked = len(server.requests)
    assert (asked, first.json["complete"]) == (10, False)
    assert first.json["cost_usd"] == pytest.approx(0.010)
    assert first.json["common"] == 5, "question by question: both answered the same ones"
    rest = world(*command, **server.environ)
    assert len(server.requests) - asked == 2 * COUNT - 10, "nothing is asked twice"
    assert (rest.json["complete"], rest.json["resumed"], rest.json["common"]) == (True, 10, COUNT)
    none = world(*command, "--budget", "0", **server.environ)
    assert (none.json["complete"], none.json["cost_usd"]) == (False, 0)


@pytest.mark.slow
def test_one_slow_question_and_one_broken_model_do_not_end_the_run(world: CommandLine, server: StubModels) -> None:
    server.slow = "red pump"
    models = "late/knows-0.9,acme/broken,f/knows-0.9"
    done = world(
        "eval", "questions.jsonl", "--models", models, "--timeout", "2", "--jobs", "2", "--json", **server.environ
    )
    assert done.status == 0, done.err
    late, broken, good = sorted(done.json["systems"], key=lambda one: models.index(one["name"]))
    assert list(late["failed"]) == ["m0"]
    assert (late["answered"], good["answered"]) == (COUNT - 1, COUNT)
    assert broken["answered"] == 0
    assert "acme/broken" in broken["stopped"]
    assert done.json["common"] == COUNT - 1


def simulated(qualities: tuple[float, float], seed: int, count: int = 250) -> Bakeoff:
    """Two systems that know these shares of the facts; each question has a difficulty that both feel."""
    random_ = random.Random(seed)
    questions = tuple(Question(f"q{at}", "Why?", "factoid", answerable=True) for at in range(count))
    results = []
    for quality in qualities:
        found = {one.id: answered(one.id, random_, quality) for one in questions}
        system: Any = SimpleNamespace(name=f"knows-{quality}-{len(results)}", choice=None)
        results.append(SystemResult(system, found))
    return Bakeoff(questions, tuple(results), 0.0, 0, complete=True)


def answered(name: str, random_: random.Random, quality: float) -> Outcome:
    right = random_.random() < quality
    cited = random_.randrange(1, 4)
    held = sum(random_.random() < 0.8 for _ in range(cited))
    counts = AnswerCounts("text", 1, int(right), cited, held, 2, random_.randrange(3), random_.randrange(40, 90))
    return replace(FOUND, id=name, answer=counts, seconds=random_.uniform(0.5, 2))


@pytest.mark.slow
def test_known_differences_are_found_and_equal_systems_are_not_called_different() -> None:
    found = sum("is better" in verdict_of((0.8, 0.6), seed) for seed in range(20))
    false = sum("is better" in verdict_of((0.7, 0.7), seed) for seed in range(20))
    assert found >= 19
    assert false <= 1


def verdict_of(qualities: tuple[float, float], seed: int) -> str:
    verdict = judge(simulated(qualities, seed))
    assert verdict is not None
    assert ("No difference shown" in verdict.sentence) == ("is better" not in verdict.sentence)
    return verdict.sentence


def test_of_systems_without_a_shown_difference_the_cheapest_is_best() -> None:
    bakeoff = simulated((0.72, 0.7), 1)
    dear, cheap = bakeoff.results
    for result, price in ((dear, 0.01), (cheap, 0.001)):
        for name, one in result.outcomes.items():
            assert one.answer is not None
            result.outcomes[name] = priced(one, price)
    verdict = judge(bakeoff)
    assert verdict is not None
    assert verdict.best.result is cheap
    assert "the cheapest" in verdict.rule


def priced(one: Outcome, price: float) -> Outcome:
    assert one.answer is not None
    return replace(one, answer=replace(one.answer, cost_usd=price))


def test_systems_are_named_by_what_differs() -> None:
    assert names(choices(["a", "b"], ["minilm"], [""])) == ["a", "b"]
    assert names(choices(["a"], ["minilm", "e"], ["", "r"])) == [
        "minilm + no reranker",
        "minilm + r",
        "e + no reranker",
        "e + r",
    ]
    assert len(choices(["a", "a"], ["minilm"], [""])) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--models", "a,b"], "--models asks models, and there is no key"),
        (["--rerankers", "none"], "there is one system"),
        (["--budget", "1"], "--budget goes with --models"),
        (["--models", "a,b", "--no-llm"], "--models and --no-llm contradict each other"),
    ],
)
def test_what_can_not_be_compared_is_refused(world: CommandLine, arguments: list[str], said: str) -> None:
    refused = world("eval", "questions.jsonl", *arguments)
    assert refused.status == 2
    assert said in " ".join(refused.err.split())
