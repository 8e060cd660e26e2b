"""`serve` and `mcp`: the docs over HTTP and over stdio."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli.context import open_live, settings_from
from cli.contradictions import refuse_without_model
from cli.serve.options import ServeOptions, check_options
from cli.terminal import say
from ingest.core.errors import UsageError
from ingest.core.settings import Settings

if TYPE_CHECKING:
    from cli.serve.service import Service


def run_serve(values: Mapping[str, object], options: ServeOptions, *, quiet: bool, open_browser: bool) -> int:
    """Serve until interrupted. Returns the exit status; raises DocsError."""
    check_options(options)
    settings = settings_from(values)
    _check_judge(options, settings)
    _require_extra()
    from cli.serve.app import build_app, run_server

    service = _open(settings, options, quiet=quiet, workers=True)

    def announce(address: str) -> None:
        if not quiet:
            say(f"serving {service.current().generation.manifest['pages']:,} pages at {address} (Ctrl-C ends)")
        if open_browser:
            import webbrowser

            webbrowser.open(address)

    run_server(build_app(service, options), options, announce)
    return 0


def run_mcp(values: Mapping[str, object], options: ServeOptions, *, quiet: bool) -> int:
    """Serve one MCP client over stdin and stdout. Returns the exit status; raises DocsError."""
    settings = settings_from(values)
    _require_extra()
    import anyio

    from cli.serve.mcp.server import run_stdio

    if sys.stdin.isatty() and not quiet:
        say(
            "note: this speaks MCP on stdin and stdout; add it to a client, such as: claude mcp add docs -- askdocs mcp"
        )
    service = _open(settings, options, quiet=True)
    anyio.run(run_stdio, service)
    return 0


def _check_judge(options: ServeOptions, settings: Settings) -> None:
    from rag.open import can_ask_model

    has_model = options.use_model and can_ask_model(settings)
    refuse_without_model("--judge", "writes what is judged", is_given=bool(options.judge), has_model=has_model)


def _require_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("starlette", "uvicorn", "mcp", "nh3") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed", "pip install 'askdocs[serve]'"
        )


def _open(settings: Settings, options: ServeOptions, *, quiet: bool, workers: bool = False) -> "Service":
    """The service over the current index; where there is none, the available pages are indexed first."""
    from cli.serve.service import Service
    from cli.serve.workers import Setup, Workers, worker_count
    from rag.question_log import QuestionLog

    log = QuestionLog(options.log) if options.log is not None else None
    live = open_live(settings, use_model=options.use_model, quiet=quiet, judge=options.judge)
    count = worker_count(options.workers) if workers else 0
    setup = Setup(settings, options.use_model, options.log)
    return Service(live, settings, options, log, Workers(count, setup) if count else None)
