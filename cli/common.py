"""The options that every command takes, written down once. Imports typer alone."""

import functools
import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

_SHARED: Final[Mapping[str, Any]] = {
    "docs": Annotated[
        Path | None, typer.Option("--docs", metavar="DIR", help="Folder of cleaned markdown pages. [env: ASKDOCS_DOCS]")
    ],
    "index": Annotated[
        Path | None,
        typer.Option("--index", metavar="DIR", help="Index folder; by default beside --docs. [env: ASKDOCS_INDEX]"),
    ],
    "config": Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Config file, askdocs.toml. [env: ASKDOCS_CONFIG]")
    ],
    "embedder": Annotated[
        str | None,
        typer.Option(
            "--embedder",
            metavar="NAME",
            help="minilm, a sentence-transformers model, or openrouter:SLUG. [env: ASKDOCS_EMBEDDER]",
        ),
    ],
    "model": Annotated[
        str | None,
        typer.Option("--model", metavar="SLUG", help="Answering model, up to three by comma. [env: ASKDOCS_MODEL]"),
    ],
    "json": Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No notes on stderr.")],
    "verbose": Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, show_default=False, help="More on stderr; -vv shows tracebacks."),
    ],
}
_DEFAULTS: Final[Mapping[str, object]] = {"json": False, "quiet": False, "verbose": 0}


@dataclass(frozen=True, slots=True)
class Common:
    """What was given of the options that every command takes. `settings` are those that environment and config know."""

    settings: Mapping[str, object]
    json: bool
    quiet: bool
    verbose: int


def with_common(*unused: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the shared options to a command, which gets them as its argument `common`.

    The `unused` ones are accepted, so that a script may give the same options to every command, and
    left out of its help, where they would promise an effect.
    """

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def wrapped(**given: Any) -> None:  # noqa: ANN401 - each option has a type of its own
            shared = {name: given.pop(name) for name in _SHARED}
            told = {name: shared.pop(name) for name in _DEFAULTS}
            started = time.perf_counter()
            try:
                command(**given, common=Common(shared, **told))
            finally:
                if told["verbose"] and not told["quiet"]:
                    _tell_cost(time.perf_counter() - started)

        own = inspect.signature(command)
        keyword = inspect.Parameter.KEYWORD_ONLY
        shared = [
            inspect.Parameter(name, keyword, default=_DEFAULTS.get(name), annotation=_option(name, name in unused))
            for name in _SHARED
        ]
        kept = [one for one in own.parameters.values() if one.name != "common"]
        signature = own.replace(parameters=[*kept, *shared])
        wrapped.__signature__ = signature  # type: ignore[attr-defined] # typer reads it, and the annotations
        wrapped.__annotations__ = {one.name: one.annotation for one in [*kept, *shared]}
        return wrapped

    return wrap


def _tell_cost(seconds: float) -> None:
    from cli.terminal import say

    say(f"took {seconds:.2f} s, and {time.process_time():.2f} s of CPU since the process began")


def _option(name: str, hidden: bool) -> Any:  # noqa: ANN401, FBT001 - an Annotated type; the one caller names it
    if not hidden:
        return _SHARED[name]
    return Annotated[_SHARED[name].__origin__, typer.Option(f"--{name}", hidden=True)]
