"""Answers of a real llama.cpp server: real chunks, real errors, real token counts."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.failures import guarded
from cli.main import app
from tests.conftest import Result
from tests.rag.conftest import QUESTION
from tests.rag.llama_server import llama_server, missing

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.skipif(bool(missing()), reason=missing())]

Run = Callable[..., Result]
SENTENCE = "A model variant is a suffix written after a model's slug [1]."
OTHER = "The weather of Paris is always purple and quite unlike any other weather."


def grammar(text: str) -> str:
    """The grammar that allows this text alone."""
    return f"root ::= {json.dumps(text)}"


@pytest.fixture
def run(in_starter: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)

    def call(url: str, *arguments: str) -> Result:
        monkeypatch.setenv("OPENROUTER_BASE_URL", url)
        status = guarded(app, list(arguments), "askdocs")
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Result(status, said.out, said.err)

    return call


@pytest.fixture(scope="module")
def says_a_sentence() -> Iterator[str]:
    with llama_server(2048, grammar(SENTENCE)) as url:
        yield url


def test_an_answer_is_checked_and_cited_without_key_and_model(run: Run, says_a_sentence: str) -> None:
    told = run(says_a_sentence, "ask", QUESTION, "-k", "1", "--json")
    answer = told.json
    assert (told.status, answer["answer"], answer["unsupported"]) == (0, SENTENCE, [])
    assert (answer["backend"], answer["model"], answer["complete"]) == ("compatible", "smollm2", True)
    (citation,) = answer["citations"]
    assert citation["quote"] in answer["chunks"][0]["text"]
    assert answer["usage"]["prompt_tokens"] > 100
    assert 10 < answer["usage"]["completion_tokens"] < 40
    assert answer["cost_usd"] is None


def test_a_repeated_question_is_answered_from_the_servers_prompt_cache(run: Run, says_a_sentence: str) -> None:
    """The prompt is the same to the byte, so that the server reads it once: a ratio of two runs."""
    question = ("ask", "How are rate limits calculated?", "-k", "1", "--json")
    first, second = (run(says_a_sentence, *question).json["timings_ms"]["answer"] for _ in range(2))
    assert second < first / 2


def test_doctor_asks_what_ask_would_ask(run: Run, says_a_sentence: str) -> None:
    told = run(says_a_sentence, "doctor")
    assert told.status == 0
    assert f"not set; {says_a_sentence} is asked without one" in told.out
    assert "ok      model     smollm2" in told.out
    assert "smollm2" in run(says_a_sentence, "models").out


def test_fewer_passages_are_sent_to_a_model_with_a_small_context(run: Run) -> None:
    with llama_server(1024, grammar(SENTENCE)) as url:
        told = run(url, "ask", QUESTION, "-k", "8", "--json")
    assert (told.status, told.json["answer"]) == (0, SENTENCE)
    assert told.json["usage"]["prompt_tokens"] < 1024


def test_a_context_too_small_for_one_passage_has_a_hint_of_its_own(run: Run) -> None:
    with llama_server(256, grammar(SENTENCE)) as url:
        told = run(url, "ask", QUESTION)
    assert told.status == 1
    assert url in told.err
    assert "ctx-size in llama.cpp" in told.err


@pytest.mark.parametrize("written", ["<think>Is it there?</think>NOT_IN_DOCS", "[NO_IN_DOCS] " + OTHER])
def test_a_refusal_shows_what_the_pages_say(run: Run, written: str) -> None:
    with llama_server(2048, grammar(written)) as url:
        told = run(url, "ask", QUESTION, "-k", "1", "--json")
    assert told.status == 3
    assert not told.json["answered"]
    assert "The model found no answer in the docs; the pages say:" in told.json["answer"]
    assert "purple" not in told.json["answer"]


def test_a_sentence_that_comes_again_and_again_ends_the_answer(run: Run) -> None:
    with llama_server(4096, f"root ::= ({json.dumps(OTHER + ' ')})+") as url:
        told = run(url, "ask", QUESTION, "-k", "1", "--json", "--max-tokens", "800")
    assert told.json["answer"].count("purple") < 3
    assert not told.json["complete"]


def test_an_answer_without_a_verified_sentence_says_so_and_strict_refuses(run: Run) -> None:
    with llama_server(2048, grammar(OTHER)) as url:
        told = run(url, "ask", QUESTION, "-k", "1", "--json")
        strict = run(url, "ask", QUESTION, "-k", "1", "--json", "--strict")
    assert "No sentence of this answer could be verified; the pages say:" in told.json["answer"]
    assert told.json["unsupported"] == [OTHER]
    assert strict.status == 3
    assert "purple" not in strict.json["answer"]


def test_whatever_a_small_model_writes_quotes_are_verbatim(run: Run) -> None:
    with llama_server(2048) as url:
        told = run(url, "ask", QUESTION, "-k", "1", "--json", "--max-tokens", "60")
    assert told.status in (0, 1, 3)  # 1: it did not come to an end within its 60 tokens
    texts = "\n".join(chunk["text"] for chunk in told.json["chunks"])
    pages = [path.read_text(encoding="utf-8") for path in Path("markdown_docs").glob("*.md")]
    for citation in told.json["citations"]:
        assert citation["quote"] in texts or any(citation["quote"] in page for page in pages)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_agent_of_llamaindex_searches_the_docs_and_answers_from_them(in_starter: Path) -> None:
    pytest.importorskip("llama_index.core", reason="LlamaIndex is not installed: pip install 'askdocs[llamaindex]'")
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index.core.tools import RetrieverTool

    from rag.llamaindex import AskdocsRetriever
    from tests.rag.live_agent import GrammarLlm

    call = json.dumps({"name": "search_docs", "arguments": {"input": QUESTION}})
    retriever = AskdocsRetriever(in_starter / "markdown_docs.index", k=1)
    tool = RetrieverTool.from_defaults(retriever, name="search_docs", description="Search the docs.")

    async def run(url: str) -> Any:
        agent = FunctionAgent(
            tools=[tool], llm=GrammarLlm(url=url, call=grammar(call), said=grammar(SENTENCE)), streaming=False
        )
        return await agent.run(QUESTION)

    with llama_server(2048) as url:
        answer = asyncio.run(run(url))
    assert str(answer) == SENTENCE
    (used,) = answer.tool_calls
    assert (used.tool_name, used.tool_kwargs) == ("search_docs", {"input": QUESTION})
    assert retriever.retrieve(QUESTION)[0].node.get_content() in used.tool_output.content
