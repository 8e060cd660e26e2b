"""The description of the API is true: schemathesis finds nothing that the server does otherwise."""

import json
import subprocess
import sys

import pytest

from tests.cli.serve.conftest import Running


def test_the_description_names_every_route(running: Running) -> None:
    paths = running.get("/openapi.json").json["paths"]
    assert set(paths) == {
        "/api/search", "/api/ask", "/api/page", "/api/status", "/api/feedback", "/healthz", "/v1/models",
        "/v1/chat/completions",
    }  # fmt: skip


def test_schemathesis_finds_no_failure(running: Running, tmp_path: pytest.TempPathFactory) -> None:
    pytest.importorskip("schemathesis", reason="schemathesis is not installed: make check-serve installs it")
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{running.url}/openapi.json", "--max-examples", "15",
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
            "--phases", "examples,coverage,fuzzing", "--seed", "1",
        ],
        capture_output=True, text=True, check=False, timeout=900, cwd=str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    assert json.loads(running.get("/healthz").body)["status"] == "ok"
