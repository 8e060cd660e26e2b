"""`models`: list OpenRouter's models, with context length and price."""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.context import settings_from
from cli.terminal import format_count, json_line, safe, say
from ingest.openrouter.catalog import Model, list_models
from rag.serialize import SCHEMA


def run_models(values: Mapping[str, object], search: str, *, free: bool, json: bool, quiet: bool) -> int:
    """Print the models that fit. Returns the exit status; raises DocsError."""
    settings = settings_from(values)
    words = search.lower().split()
    offered = list_models(settings)
    found = [
        model
        for model in offered
        if all(word in f"{model.id} {model.name}".lower() for word in words) and (model.free or not free)
    ]
    if json:
        print(json_line({"schema": SCHEMA, "models": [model_json(model) for model in found]}))
    elif found:
        print(safe(_table(found)))
    if not (json or quiet):
        count = f"{len(found):,} of {format_count(len(offered), 'model')}"
        say(f"{count}; prices in US dollars per million tokens (prompt, answer)")
    return 0


def model_json(model: Model) -> dict[str, Any]:
    """A model as `models --json` shows it; prices are dollars per million tokens."""
    return {
        "id": model.id,
        "name": model.name,
        "context_length": model.context,
        "prompt_usd_per_million": model.prompt_price,
        "completion_usd_per_million": model.completion_price,
        "free": model.free,
        "expires": model.expires,
    }


def _table(models: Sequence[Model]) -> str:
    rows = [
        (
            model.id,
            f"{model.context:,}" if model.context else "?",
            _price(model.prompt_price),
            _price(model.completion_price),
        )
        for model in models
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(row[at].rjust(widths[at]) for at in (1, 2, 3))]) for row in rows
    )


def _price(price: float | None) -> str:
    if price is None:
        return "varies"
    return "free" if price == 0 else f"${price:.2f}" if price >= 0.01 else f"${price:.4f}"
