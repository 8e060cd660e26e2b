"""`ask --judge`: a stand-in CrossEncoder by its folder, and a model that is asked once for all sentences."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from ingest.core.errors import ModelError
from ingest.embed.cross_encoder import EntailmentModel
from ingest.embed.minilm import MiniLm
from tests.rag.conftest import Ask
from tests.rag.server import ModelServer, Reply, answer, failure

TRUE = "A model variant is a suffix written after a model's slug"
FALSE = "A model variant is a colour chosen for a model's logo"
NLI = ("contradiction", "entailment", "neutral")
SAID = answer(f"{TRUE} [1]. {FALSE} [1].")


def stand_in(folder: Path, labels: tuple[str, ...], *, says: int, sure: float = 9.0) -> Path:
    """The bundled model with a classifier on top that always gives the label at `says`."""
    from sentence_transformers import CrossEncoder
    from torch import no_grad

    for name in ("sentence_transformers", "transformers"):  # a warning would go to a stream that pytest closed
        logging.getLogger(name).setLevel(logging.ERROR)
    model = CrossEncoder(str(MiniLm().folder), num_labels=len(labels), device="cpu")
    network: Any = model[0].model
    with no_grad():
        network.classifier.weight.zero_()
        network.classifier.bias.fill_(-sure)
        network.classifier.bias[says] = sure
    network.config.id2label = dict(enumerate(labels))
    network.config.label2id = {label: at for at, label in enumerate(labels)}
    model.save_pretrained(str(folder))
    return folder


@pytest.mark.parametrize(
    ("says", "unsupported"), [(1, []), (0, [f"{TRUE}.", f"{FALSE}."]), (2, [f"{TRUE}.", f"{FALSE}."])]
)
def test_a_cross_encoder_decides_by_its_label_for_entailment(
    ask: Ask, server: ModelServer, tmp_path: Path, says: int, unsupported: list[str]
) -> None:
    server.says(SAID)
    judge = stand_in(tmp_path / "nli", NLI, says=says)
    told = ask("--judge", str(judge), "--json")
    assert told.status == 0, told.err
    assert told.json["unsupported"] == unsupported
    assert told.json["usage"] == {"prompt_tokens": 1234, "completion_tokens": 56}, "a local judge costs nothing"


def test_a_single_score_and_labels_in_any_order_are_understood(tmp_path: Path) -> None:
    pair = [("A suffix of the slug.", "It is a suffix.")]
    single = EntailmentModel(str(stand_in(tmp_path / "one", ("LABEL_0",), says=0)), "cpu")
    assert single.entailment(pair)[0] > 0.99
    assert (
        EntailmentModel(str(stand_in(tmp_path / "two", ("SUPPORTED", "other"), says=1)), "cpu").entailment(pair)[0]
        < 0.01
    )
    assert single.entailment([]) == []


def test_what_is_no_judge_is_refused_by_name(ask: Ask, server: ModelServer, tmp_path: Path) -> None:
    server.says(SAID)
    unnamed = stand_in(tmp_path / "unnamed", ("LABEL_0", "LABEL_1", "LABEL_2"), says=0)
    for judge, said in (
        (unnamed, "has no label for what is supported, but LABEL_0, LABEL_1, LABEL_2"),
        (MiniLm().folder, "has no classifier: its verdicts would be random"),
        (tmp_path / "none", "can't be loaded"),
    ):
        told = ask("--judge", str(judge))
        assert told.status == 1
        assert "Loading weights" not in told.err
        assert f"error: the judge {judge} {said}" in told.err
        assert "\nhint: name a CrossEncoder for natural language inference" in told.err
    with pytest.raises(ModelError):
        EntailmentModel(str(tmp_path / "none"), "cpu").entailment([("a", "b")])


def verdicts(given: str = "", **more: Any) -> Reply:
    """A judge's completion, with a yes or no for each sentence."""
    content = json.dumps(
        {"verdicts": [{"sentence": at, "supported": one == "yes"} for at, one in enumerate(given.split(), 1)]}
    )
    message = {"role": "assistant", "content": more.pop("content", content)}
    body = {"model": "acme/judge-1", "choices": [{"index": 0, "finish_reason": "stop", "message": message}], **more}
    return Reply((json.dumps(body),), content_type="application/json")


SPENT = {"usage": {"prompt_tokens": 300, "completion_tokens": 20, "cost": 0.0001}}


def test_a_model_judges_all_sentences_in_one_request_and_its_cost_counts(ask: Ask, server: ModelServer) -> None:
    server.says(SAID, verdicts("no yes", **SPENT))
    told = ask("--judge", "openrouter:acme/judge", "--json")
    assert told.status == 0, told.err
    _, judging = server.requests
    assert (judging.body["model"], judging.body["temperature"]) == ("acme/judge", 0)
    assert judging.body["response_format"]["json_schema"]["strict"] is True
    asked = judging.body["messages"][1]["content"]
    assert f"Sentence 1 (passages 1): {TRUE}.\n\nSentence 2 (passages 1): {FALSE}." in asked
    assert asked.count("<passage ") == 1
    assert told.json["unsupported"] == [f"{TRUE}."], "the verdict is the judge's"
    assert told.json["usage"] == {"prompt_tokens": 1534, "completion_tokens": 76}
    assert told.json["cost_usd"] == pytest.approx(0.00052)


def test_with_strict_the_judge_decides_what_is_shown(ask: Ask, server: ModelServer) -> None:
    server.says(SAID, verdicts("yes no", **SPENT))
    told = ask("--judge", "openrouter:acme/judge", "--strict")
    assert told.out.startswith(f"{TRUE} [1].\n")
    assert "logo" not in told.out
    assert "judged by acme/judge-1 · 300 + 20 tokens · $0.000100\n" in told.err


def test_certain_faults_are_not_sent_to_a_judge(ask: Ask, server: ModelServer) -> None:
    server.says(answer(f"{TRUE} [1]. It costs 987654 dollars [1]. Nothing is cited here."), verdicts("yes"))
    told = ask("--judge", "openrouter:acme/judge", "--json")
    assert told.json["unsupported"] == ["It costs 987654 dollars.", "Nothing is cited here."]
    asked = server.requests[1].body["messages"][1]["content"]
    assert "987654" not in asked
    assert told.json["usage"] == {"prompt_tokens": 1234, "completion_tokens": 56}, "unknown counts are not added"


def test_a_server_without_schemas_is_asked_without_one(ask: Ask, server: ModelServer) -> None:
    server.says(SAID, failure(400, "response_format is not supported"), verdicts("yes yes"))
    told = ask("--judge", "openrouter:acme/judge", "--json")
    assert (told.status, told.json["unsupported"]) == (0, [])
    assert ["response_format" in request.body for request in server.requests[1:]] == [True, False]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (verdicts("yes"), "gave no verdict on 1 of 2 sentences"),
        (verdicts(content="I think both are fine."), "gave no verdict on 2 of 2 sentences"),
        (verdicts(content='{"verdicts": [{"sentence": "1", "supported": "yes"}]}'), "gave no verdict on 2 of 2"),
        (failure(401, "No such key"), "No such key"),
    ],
)
def test_a_judge_that_fails_is_an_error_and_shows_nothing(
    ask: Ask, server: ModelServer, reply: Reply, said: str
) -> None:
    server.says(SAID, reply)
    told = ask("--judge", "openrouter:acme/judge")
    assert (told.status, told.out) == (1, "")
    assert said in told.err
    assert "\nhint: " in told.err


def test_a_judge_needs_a_model(ask: Ask) -> None:
    refused = ask("--judge", "openrouter:acme/judge", "--no-llm")
    assert refused.status == 2
    assert "--judge needs a model, which writes what is judged" in refused.err
