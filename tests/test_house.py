"""The rules of the house that a script can check."""

import ast
import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDERS = ("ingest", "rag", "eval", "cli")
CODE = sorted(path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py"))
MAX_FILE = 400
MAX_FUNCTION = 50
LONG_BY_NATURE = {"cli/main.py", "cli/evaluation.py"}  # each option is a line of a signature


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and name_of(path) not in LONG_BY_NATURE:
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION, f"{node.name} is long"


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_other_distribution_owns_our_package_names(folder: str) -> None:
    assert set(packages_distributions().get(folder, [])) <= {"askdocs"}


def test_the_root_listing_is_the_flow() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False).stdout
    if not listed:
        pytest.skip("this is no git checkout")
    top = {line.split("/")[0] for line in listed.splitlines()}
    flow = {"pyproject.toml", "README.md", "ingest", "rag", "markdown_docs", "cli", "tests", "eval"}
    usual = {"Makefile", "CHANGELOG.md", "LICENSE", ".ci", ".gitignore"}
    assert flow <= top <= flow | usual


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_packages_import_nothing_when_they_are_imported(path: Path) -> None:
    if path.name == "__init__.py":
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert [type(node) for node in body] == [ast.Expr], "an __init__.py is a docstring"


def test_every_lint_exception_has_a_reason() -> None:
    bare = [
        f"{name_of(path)}:{number}"
        for path in CODE
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"#\s*(noqa(: [A-Z0-9, ]+)?|type: ignore(\[[\w, -]+\])?)\s*$", line)
    ]
    assert bare == []
