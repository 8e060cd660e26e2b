"""Answers with openai 2, which LlamaIndex's model classes need, in the place of the installed openai 3."""

import os
from pathlib import Path

import pytest

from tests.cli.serve.clients import MISSING, python_client
from tests.conftest import CommandLine
from tests.rag.conftest import QUESTION
from tests.rag.server import KEY, ModelServer, answer, failure

PACKAGES = ("openai", "httpx", "httpcore", "jiter", "sniffio", "distro")
"""The package and what it needs that openai 3 does not."""

pytestmark = pytest.mark.skipif(python_client("llama-index") is None, reason=MISSING)


@pytest.fixture
def openai_2(tmp_path: Path) -> str:
    """A search path on which openai 2 comes before the installed one; the rest is what is installed."""
    python = python_client("llama-index")
    assert python is not None
    (installed,) = (python.parent.parent / "lib").glob("python3*/site-packages")
    (version,) = installed.glob("openai-*.dist-info")
    assert version.name.startswith("openai-2.")
    for name in PACKAGES:
        for source in (*installed.glob(name), *installed.glob(f"{name}-*.dist-info")):
            (tmp_path / source.name).symlink_to(source)
    return os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", "")))


def test_an_answer_and_a_failure_are_the_same(starter: CommandLine, server: ModelServer, openai_2: str) -> None:
    path = os.pathsep.join((openai_2, starter.environ.get("PYTHONPATH", "")))
    said = "A model variant is a suffix written after a model's slug [1]."
    server.says(answer(said))
    written = starter("ask", QUESTION, "--json", **server.environ, PYTHONPATH=path)
    assert (written.status, written.json["answer"], written.json["complete"]) == (0, said, True)
    assert written.json["usage"]["prompt_tokens"] == 1234
    server.says(failure(401, "No auth credentials found"))
    refused = starter("ask", QUESTION, **server.environ, PYTHONPATH=path)
    assert (refused.status, "answered 401: No auth credentials found" in refused.err) == (1, True)
    assert KEY not in refused.err
