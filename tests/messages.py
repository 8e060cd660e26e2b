"""The table of all messages to users, from the code: `python -m tests.messages` writes cli/MESSAGES.md.

Errors with their hints are the calls of error classes; notes and warnings are what `say` prints. Parts that are known
only when it runs are shown as ….
"""

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
TABLE = REPOSITORY / "cli" / "MESSAGES.md"
FOLDERS = ("ingest", "rag", "eval", "cli")
ERRORS = set(
    "DocsError UsageError CorpusError CrawlFailed ModelError IndexMissing IndexDamaged IndexLocked IndexMismatch "
    "BadLine".split()
)
HEAD = """# All messages

What the command line says to people, generated from the code by `make messages` and checked by a test. … is known only
when it runs: a path, a number, a server's words. An error is one line and its hint a second one; with `--json` both are
in one document.

"""


def text_of(node: ast.expr | None, names: dict[str, str]) -> str:
    """The text of an expression; what is known only later is …."""
    if isinstance(node, ast.Constant):
        return str(node.value) if isinstance(node.value, str) else "…"
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part, names) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.Name):
        return names.get(node.id, "…")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left, names) + text_of(node.right, names)
    if isinstance(node, ast.IfExp):
        return " / ".join(dict.fromkeys((text_of(node.body, names), text_of(node.orelse, names))))
    return "…"


def assigned(tree: ast.AST) -> dict[str, str]:
    """The names that are given one text each: hints are often written above the error."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        target = (
            node.targets[0]
            if isinstance(node, ast.Assign)
            else node.target
            if isinstance(node, ast.AnnAssign)
            else None
        )
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign):
            text = text_of(node.value, {})
            if text.strip("… "):
                found[target.id] = text
    return found


def rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """Kind, message and hint of each message of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    everywhere = assigned(ast.Module([node for node in tree.body if not isinstance(node, ast.FunctionDef)], []))
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for scope in scopes:
        names = everywhere | assigned(scope)
        for node in ast.walk(scope):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            texts = [text_of(argument, names) for argument in node.args if not isinstance(argument, ast.Starred)]
            if node.func.id in ERRORS and texts:
                yield ("error", *([*texts, ""][1:3] if node.func.id == "BadLine" else [*texts, ""][:2]))
            elif node.func.id == "say" and texts:
                yield said_row(texts[0])


def said_row(said: str) -> tuple[str, str, str]:
    """The row of a line that is said; its kind is the word before the colon."""
    kind, colon, rest = said.partition(": ")
    return (kind, rest, "") if colon and kind in ("note", "warning", "error", "hint") else ("said", said, "")


def table() -> str:
    """The whole page: a table for each folder."""
    parts = [HEAD]
    for folder in FOLDERS:
        found = {
            row for path in sorted((REPOSITORY / folder).rglob("*.py")) for row in rows(path) if row[1].strip("… :")
        }
        parts.append(f"## {folder}/\n\n| kind | message | hint |\n|---|---|---|\n")
        parts += [
            f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in row)} |\n"
            for row in sorted(found)
        ]
        parts.append("\n")
    return "".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
