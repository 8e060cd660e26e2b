"""The conformance suite of MCP's own authors (npm @modelcontextprotocol/conformance), for each protocol revision.

The suite is written for a reference server with its own tools, prompts and resources. A check that needs one of those
is listed with the reason why it does not apply here; every other check must pass, those of a newer suite included.
"""

import json
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.cli.serve.clients import MISSING, node, npm_file
from tests.cli.serve.conftest import Running

SUITE = npm_file(".bin", "conformance")
pytestmark = pytest.mark.skipif(not (SUITE and node()), reason=MISSING)

FIXTURE = "calls a tool of the suite's reference server"
NOT_APPLICABLE = {
    "tools-call-*": FIXTURE,
    "json-schema-2020-12": FIXTURE,
    "elicitation-*": FIXTURE,
    "input-required-result-*": FIXTURE,
    "http-custom-header-server-validation": "no tool has an argument that is sent as a header",
    "completion-complete": "there is nothing to complete",
    "logging-set-level": "no log is sent to clients; deprecated in 2026-07-28",
    "prompts-*": "there are no prompts",
    "resources-*": "pages are read by tools; there are no resources",
    "sep-2164-resource-not-found": "there are no resources: the method is unknown",
    "server-sse-*": "there are no sessions, and no streams to resume",
    "tasks-*": "an extension: no tool runs for long",
}
"""Scenarios that may fail, and why."""

NOT_APPLICABLE_CHECKS = {
    "sep-2549-prompts-list-caching-hints": "there are no prompts",
    "sep-2549-resources-list-caching-hints": "there are no resources",
    "sep-2549-resources-templates-list-caching-hints": "there are no resources",
    "sep-2575-server-rejects-undeclared-capability": FIXTURE,
    "sep-2575-missing-capability-http-400": FIXTURE,
    "sep-2575-http-server-no-independent-requests-on-stream": FIXTURE,
    "sep-2575-server-no-log-without-loglevel": FIXTURE,
}
"""Single checks of scenarios that apply otherwise."""

EXPECTED = {
    "2025-06-18": {"server-initialize", "ping", "tools-list"},
    "2025-11-25": {"server-initialize", "ping", "tools-list", "dns-rebinding-protection"},
    "2026-07-28": {
        "server-stateless", "tools-list", "caching", "dns-rebinding-protection", "http-header-validation",
    },
}  # fmt: skip
"""Scenarios that apply and must have been run."""


@pytest.mark.parametrize("revision", EXPECTED)
def test_every_scenario_that_applies_passes(running: Running, revision: str, tmp_path: Path) -> None:
    subprocess.run(
        [
            str(node()), str(SUITE), "server", "--url", f"{running.url}/mcp", "--suite", "all",
            "--spec-version", revision, "--output-dir", str(tmp_path),
        ],
        capture_output=True, check=False, timeout=300, cwd=tmp_path,
    )  # fmt: skip
    passed, failed, excused, ran = 0, [], set(), set()
    for path in sorted(tmp_path.glob("*/checks.json")):
        scenario = re.sub(r"^server-|-\d{4}-\d\d-\d\dT.*$", "", path.parent.name)
        ran.add(scenario)
        for check in json.loads(path.read_text("utf-8")):
            if check["status"] == "SUCCESS":
                passed += 1
            elif check["status"] in ("FAILURE", "WARNING"):
                if check["id"] in NOT_APPLICABLE_CHECKS or any(fnmatch(scenario, name) for name in NOT_APPLICABLE):
                    excused.add(scenario)
                else:
                    failed.append((scenario, check["id"], check.get("errorMessage")))
    print(f"MCP {revision}: {passed} checks passed, {len(failed)} failed; not applicable: {', '.join(sorted(excused))}")
    assert failed == []
    assert EXPECTED[revision] <= ran
