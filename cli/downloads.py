"""Say which models will be fetched from their hub, and ask first on a terminal."""

import os
import sys
from collections.abc import Sequence

from cli.terminal import is_terminal, say
from ingest.core.errors import UsageError
from ingest.core.profiles import DOWNLOADS
from ingest.core.settings import Settings
from ingest.embed.base import BUNDLED
from ingest.embed.registry import is_remote


def confirm_downloads(settings: Settings, names: Sequence[str], *, quiet: bool) -> None:
    """Say which of these models will be fetched; on a terminal, without --yes, wait for a yes.

    Raises UsageError for a no.

    Silent where nothing has to be fetched, or where the hub may not be asked: loading the model then says so.
    """
    missing = missing_downloads(names)
    if not missing:
        return
    listed = "; ".join(map(_description, missing))
    if settings.yes or not (is_terminal(sys.stderr) and sys.stdin.isatty()):
        if not quiet:
            say(f"downloading from the hub: {listed}")
        return
    import typer

    say(f"not on this machine: {listed}")
    if not typer.confirm("Download from the hub?", default=False, err=True):
        raise UsageError("nothing was downloaded", "use --profile fast, or give the folder of a model you have")


def missing_downloads(names: Sequence[str]) -> list[str]:
    """Those of these models that have to be fetched; none where the hub may not be asked."""
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        return []
    return [name for name in dict.fromkeys(names) if _must_be_fetched(name)]


def _must_be_fetched(name: str) -> bool:
    if name in ("", BUNDLED) or is_remote(name):
        return False
    from ingest.embed.loading import is_on_hub

    return is_on_hub(name)


def _description(name: str) -> str:
    known = DOWNLOADS.get(name)
    return f"{name} (about {known.megabytes} MB, {known.licence})" if known else name
