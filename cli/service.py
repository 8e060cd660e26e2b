"""The commands that look at the parts: `status`, `doctor`, `models`. Imports typer alone, as `cli/main.py` does."""

from typing import Annotated

import typer

from cli.common import Common, with_common

Search = Annotated[
    str, typer.Option("--search", metavar="TEXT", help="Only models whose slug or name holds these words.")
]
Free = Annotated[bool, typer.Option("--free", help="Only models that cost nothing.")]


@with_common("docs", "index", "embedder", "model")
def models(*, common: Common, search: Search = "", free: Free = False) -> None:
    """List the models on offer, with context length and price."""
    from cli.models import run_models

    raise typer.Exit(run_models(common.settings, search, free=free, json=common.json, quiet=common.quiet))


@with_common()
def doctor(*, common: Common) -> None:
    """Check each part, and name a fix for each failure."""
    from cli.doctor import run_doctor

    raise typer.Exit(run_doctor(common.settings, json=common.json))


@with_common()
def status(*, common: Common) -> None:
    """Show the index, its source and age, and all settings.

    Each setting is shown with where its value came from.
    """
    from cli.status import run_status

    raise typer.Exit(run_status(common.settings, json=common.json))
