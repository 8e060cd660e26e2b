"""The GitHub Action of eval/README.md: its YAML is one of a workflow, and its steps do in a shell what they promise."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY, bare_environment

README = REPOSITORY / "eval" / "README.md"
BEFORE = """# Billing

## Invoices

Invoices are sent on the first day of each month to the address of the owner of the account.

## Refunds

Unused credits are refunded within 14 days of the purchase when you ask the support team.
"""
AFTER = BEFORE.replace("within 14 days of the purchase", "within 30 days of the purchase")
STUBS = {
    "pip": "exit 0",
    "gh": 'echo "$@" > gh-arguments',
    "jq": f'{sys.executable} -c \'import json,sys; print(json.load(sys.stdin)["index"]["generation"])\'',
    "askdocs": f'exec {sys.executable} -m cli "$@"',
}


def workflow() -> dict[str, Any]:
    (block,) = re.findall(r"^```yaml\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = yaml.load(block, yaml.BaseLoader)  # `on` would be True otherwise
    return found


def test_the_workflow_runs_on_pull_requests_and_may_only_comment() -> None:
    found = workflow()
    assert list(found["on"]) == ["pull_request"]
    assert found["permissions"] == {"contents": "read", "pull-requests": "write"}
    steps = found["jobs"]["impact"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    scripts = " ".join(step.get("run", "") for step in steps)
    assert "${{" not in scripts, "what a pull request says gets into no script"
    checkouts = [step["with"] for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert [one["path"] for one in checkouts] == ["repository", "repository"], "one source of the docs"
    assert ["ref" in one for one in checkouts] == [True, False]


def check_out(folder: Path, text: str) -> None:
    (folder / "docs").mkdir(parents=True, exist_ok=True)
    (folder / "docs" / "billing.md").write_text(text, encoding="utf-8")


def run(script: str, folder: Path, environ: dict[str, str]) -> None:
    """Run a step as the runner does, with what steps before it put into the environment."""
    if (folder / "env").exists():
        lines = (folder / "env").read_text(encoding="utf-8").splitlines()
        environ = environ | dict(line.split("=", 1) for line in lines)
    shell = ["bash", "-eo", "pipefail", "-c", script]
    done = subprocess.run(shell, cwd=folder, env=environ, capture_output=True, check=False)
    assert done.returncode == 0, (script, done.stderr.decode())


@pytest.mark.slow
def test_its_steps_comment_on_what_changed(tmp_path: Path) -> None:
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    for name, script in STUBS.items():
        (stubs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (stubs / name).chmod(0o755)
    job = workflow()["jobs"]["impact"]
    environ = {**bare_environment(tmp_path), **job["env"], "GITHUB_ENV": str(tmp_path / "env")}
    environ |= {"PATH": f"{stubs}{os.pathsep}{os.environ['PATH']}", "NUMBER": "7", "GITHUB_REPOSITORY": "a/b"}
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            check_out(tmp_path / step["with"]["path"], BEFORE if "ref" in step["with"] else AFTER)
        elif "run" in step:
            run(step["run"], tmp_path, environ)
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("## What this change does to the answers\n")
    assert "Refunds" in summary
    assert "Invoices" not in summary
    assert "<ins>30</ins>" in (tmp_path / "impact.html").read_text(encoding="utf-8")
    assert (tmp_path / "gh-arguments").read_text().startswith("pr comment 7 --repo a/b --body-file summary.md")
