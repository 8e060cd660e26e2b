"""The commands that look at the parts: `status`, `doctor`, `models`. Imports typer alone, as `cli/main.py` does."""

from typing import Annotated

import typer

from cli.options import Config, Docs, Embedder, Index, Json, Model, Quiet, Verbose


def models(
    *,
    search: Annotated[str, typer.Option("--search", help="Only models whose slug or name holds these words.")] = "",
    free: Annotated[bool, typer.Option("--free", help="Only models that cost nothing.")] = False,
    config: Config = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,  # noqa: ARG001 - every command takes it; -vv is read elsewhere
) -> None:
    """List the models that OpenRouter offers, with context length and price."""
    from cli.models import run_models

    raise typer.Exit(run_models({"config": config}, search, free=free, json=json, quiet=quiet))


def doctor(
    *,
    docs: Docs = None,
    index: Index = None,
    config: Config = None,
    embedder: Embedder = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,  # noqa: ARG001 - every command takes it; doctor has no notes to leave out
    verbose: Verbose = 0,  # noqa: ARG001 - the same; -vv is read elsewhere
) -> None:
    """Check each part, from the docs folder to the key, and name a fix for each failure."""
    from cli.doctor import run_doctor

    values = {"docs": docs, "index": index, "config": config, "embedder": embedder, "model": model}
    raise typer.Exit(run_doctor(values, json=json))


def status(
    *,
    docs: Docs = None,
    index: Index = None,
    config: Config = None,
    embedder: Embedder = None,
    json: Json = False,
    quiet: Quiet = False,  # noqa: ARG001 - every command takes it; status has no notes to leave out
    verbose: Verbose = 0,
) -> None:
    """Show the index, its source and age, and where each setting comes from."""
    from cli.status import run_status

    values = {"docs": docs, "index": index, "config": config, "embedder": embedder}
    raise typer.Exit(run_status(values, json=json, verbose=verbose))
