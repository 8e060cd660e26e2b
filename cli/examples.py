"""The examples at the end of each help page: how people use the command most."""

from collections.abc import Mapping, Sequence
from typing import Final

EXAMPLES: Final[Mapping[str, Sequence[str]]] = {
    "ask": (
        'ask "What are model variants?"',
        "ask --no-llm --under /docs/guides how do I stream responses",
        'ask --json "How long may a session_id be?" | jq -r .answer',
    ),
    "reindex": (
        "askdocs reindex --source https://example.com/docs",
        "askdocs reindex --from ./docs --docs pages --index pages.index",
        "askdocs reindex --dry-run",
        "askdocs reindex --impact questions.jsonl --gate",
        "askdocs reindex --rollback",
    ),
    "inspect": (
        'askdocs inspect "What are model variants?" -k 5',
        'askdocs inspect "How do I pin a provider?" --explain',
        "askdocs inspect --page /docs/faq",
        'askdocs inspect "What is ZDR?" --compare previous',
    ),
    "eval": (
        "askdocs eval questions.jsonl --retrieval-only",
        "askdocs eval questions.jsonl --no-llm --save before.json",
        "askdocs eval questions.jsonl --no-llm --baseline before.json",
        "askdocs eval questions.jsonl --models openai/gpt-5-mini,qwen/qwen3-32b",
        "askdocs eval questions.jsonl --new --from-log questions.log",
        "askdocs eval questions.jsonl --calibrate",
    ),
    "impact": ("askdocs impact previous current questions.jsonl --no-llm --report impact.html",),
    "gaps": ("askdocs gaps --log questions.log --report gaps.html",),
    "replay": ("askdocs replay answer.json", "askdocs replay --batch run.json"),
    "status": ("askdocs status", "askdocs status --json | jq .settings"),
    "models": ("askdocs models --free", "askdocs models --search claude"),
    "doctor": ("askdocs doctor",),
    "serve": (
        "askdocs serve --open",
        "askdocs serve --allow-origin https://docs.example.com --log questions.log --budget 2",
    ),
    "mcp": ("claude mcp add docs -- askdocs mcp",),
    "export": ("askdocs export --format parquet exported",),
}


def epilog(command: str) -> str:
    """The examples of a command as its help page ends with them; each keeps its line."""
    return "\b\nExamples:\n" + "\n".join(f"  {example}" for example in EXAMPLES[command])
