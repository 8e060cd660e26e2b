"""Report failures as one `error:` line, one `hint:` line and an exit status. No traceback reaches a user."""

import contextlib
import io
import os
import re
import shlex
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NoReturn

import typer

from cli.terminal import json_line, safe, say
from cli.usage_errors import fit_hint, rephrase, with_places
from ingest.core.errors import DocsError

_INTERRUPTED = 130
_ERRNO = re.compile(r"\[Errno -?\d+\] ")
_interruptions: list[int] = []


def guarded(app: typer.Typer, arguments: Sequence[str], name: str) -> int:
    """Run the application; return the exit status whatever happens.

    0 done, 1 failed, 2 usage, 3 not answered, 130 interrupted. With `-vv` the traceback is shown
    as well.
    """
    as_json = "--json" in arguments or "--format=json" in arguments or ("--format", "json") in pairwise(arguments)
    try:
        _accept_any_text(as_json=as_json)
        status = int(typer.main.get_command(app).main(list(arguments), name, standalone_mode=False) or 0)
        _flush()
        if status == _INTERRUPTED:
            print("interrupted", file=sys.stderr)
        return status  # noqa: TRY300 - flushing belongs to what is guarded
    except (KeyboardInterrupt, typer.Abort):
        with contextlib.suppress(OSError):
            _flush()
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    except (BrokenPipeError, SystemExit) as ended:
        if isinstance(ended, SystemExit) and not isinstance(ended.__context__, BrokenPipeError):
            return int(ended.code or 0)  # the shell's completion ends so
        # The reader of our output has left, as `head` does; typer makes a SystemExit of that.
        _drop_output()
        return 128 + signal.SIGPIPE
    except Exception as error:  # noqa: BLE001 - the last resort: a bug must not show its internals either
        if _interruptions:
            print("interrupted", file=sys.stderr)
            return _INTERRUPTED
        if not isinstance(error, typer.TyperException):
            _print_traceback(arguments)
        code, message, hint, status = _describe(error, name, arguments)
        hint = with_places(fit_hint(hint, _options_of(app, arguments)), arguments)
        return _report(code, message, hint, status, as_json=as_json)


def interrupt(signal_number: int, _: object) -> NoReturn:
    """Raise KeyboardInterrupt, and remember it: libraries such as DuckDB make errors of their own out of it."""
    _interruptions.append(signal_number)
    raise KeyboardInterrupt


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


def _drop_output() -> None:
    """Discard what is buffered for stdout and can't be written; otherwise Python complains when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _describe(error: Exception, name: str, arguments: Sequence[str]) -> tuple[str, str, str, int]:
    """Code, message, hint and exit status of a failure. The message is empty where the help was printed."""
    if isinstance(error, DocsError):
        return error.code, error.message, error.hint, error.exit_status
    if isinstance(error, typer.TyperException):
        message = rephrase(error.format_message())
        context = getattr(error, "ctx", None)  # of the command that was called; most usage errors have one
        hint = f"see {context.command_path if context else _command_path(arguments, name)} --help"
        if message.startswith("there is no command") and "did you mean" not in message:
            hint = f"to ask a question: ask {shlex.quote(' '.join(arguments))[:200]}"
        return "usage", message, hint, error.exit_code
    if isinstance(error, OSError) and error.strerror:
        return "failed", f"{error.filename or 'output'}: {error.strerror}", "check permissions and free space", 1
    said = str(error).splitlines()[0] if str(error) else "no message"
    return "bug", f"{type(error).__name__}: {said}"[:300], "this is a bug in askdocs; -vv shows the traceback", 1


def _command_path(arguments: Sequence[str], name: str) -> str:
    """The script and, where the first argument is a word, the command."""
    first = arguments[0] if arguments and name == "askdocs" else ""
    return f"{name} {first}" if first.isalpha() else name


def _options_of(app: typer.Typer, arguments: Sequence[str]) -> set[str]:
    """All options of the command that was called."""
    command = typer.main.get_command(app)
    commands: Mapping[str, object] = getattr(command, "commands", {})
    called: Any = commands.get(arguments[0] if arguments else "", command)
    return {option for parameter in called.params for option in (*parameter.opts, *parameter.secondary_opts)}


def _accept_any_text(*, as_json: bool) -> None:
    """Show `?` for what the locale's encoding lacks; JSON is UTF-8 everywhere (RFC 8259, section 8.1)."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8" if as_json else None, errors="replace")


def _print_traceback(arguments: Sequence[str]) -> None:
    asked = sum(one.count("v") for one in arguments if re.fullmatch(r"-[qv]+", one))
    if asked + list(arguments).count("--verbose") > 1:
        sys.stderr.write(safe(traceback.format_exc()))


def _report(code: str, message: str, hint: str, status: int, *, as_json: bool) -> int:
    if not message:
        return status
    message, hint = (_ERRNO.sub("", " ".join(safe(text).split())) for text in (message, hint))
    try:
        if as_json:
            print(json_line({"schema": 1, "error": {"code": code, "message": message, "hint": hint}}))
        sys.stdout.flush()
    except OSError:
        _drop_output()
        as_json = False
    if as_json:
        return status
    say(f"error: {message}")
    if hint:
        say(f"hint: {hint}")
    return status
