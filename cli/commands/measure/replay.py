"""`replay`: ask recorded answers again from the same passages, and show what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.commands.measure.replay_output import Failed, answer_lines, note_settings, place_json, run_json, run_lines
from cli.context import settings_from, text_or_stdin
from cli.terminal import json_line, print_text, progress_bars, say
from ingest.core.errors import DocsError, UsageError
from ingest.core.settings import Settings
from rag.open import can_ask_model, open_generations
from rag.serialize import SCHEMA

if TYPE_CHECKING:
    from eval.replay.compare import Replayed
    from eval.replay.recorded import Recorded
    from eval.replay.rerun import Place
    from rag.open import Opened

_JOBS = 4
"""Questions at a time where a model answers."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """The options of `replay` that are not settings."""

    answer: Path | None
    batch: Path | None
    json: bool
    quiet: bool


def run_replay(values: Mapping[str, object], options: ReplayOptions) -> int:
    """Replay an answer or a run. Returns the exit status; raises DocsError."""
    settings = settings_from(values)
    if options.batch and options.answer is None:
        return _replay_run(settings, options.batch, options)
    if options.answer and options.batch is None:
        return _replay_answer(settings, options.answer, options)
    raise UsageError("give one answer, or a run with --batch", "such as: ask … --json > a.json; askdocs replay a.json")


def _replay_answer(settings: Settings, path: Path, options: ReplayOptions) -> int:
    from eval.replay.recorded import read_answer
    from eval.replay.rerun import find_place, gone_error, missing_passages, replay

    recorded = read_answer(path, text_or_stdin("-") if str(path) == "-" else None)
    settings = _as_recorded(settings, recorded)
    place = find_place(settings, recorded.generation)
    opened = _open(settings, recorded, place)
    if missing := missing_passages(opened.store, recorded.needed):
        raise gone_error(recorded, missing)
    replayed = replay(recorded, opened, settings.timeout)
    if options.json:
        print(json_line({"schema": SCHEMA, "generation": place_json(place, recorded), **replayed.json()}))
        return 0
    print_text("\n".join(answer_lines(replayed, place)))
    if not options.quiet:
        note_settings(replayed)
    return 0


def _replay_run(settings: Settings, path: Path, options: ReplayOptions) -> int:
    from eval.replay.recorded import recorded_outcomes
    from eval.replay.rerun import find_place
    from eval.storage import read_run

    run = read_run(path)
    answers = recorded_outcomes(run)
    settings = _as_recorded(settings, answers[0])
    place = find_place(settings, answers[0].generation)
    opened = _open(settings, answers[0], place)
    if not all(answer.chunk_ids for answer in answers) and not options.quiet:
        say(f"note: {path} was saved without the passages of its answers, so the questions are searched for again")
    replays = _ask_again(answers, opened, settings, quiet=options.quiet)
    failed = [one for one in replays if isinstance(one, Failed)]
    if options.json:
        print(json_line({"schema": SCHEMA, "run": run.name, **run_json(replays, place, answers[0])}))
    else:
        print_text("\n".join(run_lines(replays, place, run.name)))
    if failed and not options.json:
        raise DocsError(f"{len(failed)} of {len(replays)} questions could not be asked again", failed[0].error.hint)
    return 1 if failed else 0


def _ask_again(
    answers: "Sequence[Recorded]", opened: "Opened", settings: Settings, *, quiet: bool
) -> "list[Replayed | Failed]":
    """Replay all answers; a question that fails does not end the run."""
    from eval.replay.compare import Replayed
    from eval.replay.rerun import replay
    from ingest.core.parallel import run_all

    def again(recorded: "Recorded") -> "Replayed":
        return replay(recorded, opened, settings.timeout)

    done: dict[str, Replayed | Failed] = {}
    with progress_bars(quiet=quiet) as progress:
        for recorded, result in run_all(again, answers, _JOBS if answers[0].written else 1):
            if isinstance(result, DocsError):
                done[recorded.id] = Failed(recorded, result)
            elif isinstance(result, Replayed):
                done[recorded.id] = result
            else:
                raise result
            progress("replay", len(done), len(answers))
    return [done[answer.id] for answer in answers]


def _as_recorded(settings: Settings, recorded: "Recorded") -> Settings:
    """The settings of then; options that were given now come before them."""
    then: dict[str, Any] = {
        "model": recorded.model,
        "temperature": recorded.temperature,
        "max_tokens": recorded.max_tokens,
    }
    used = {name: value for name, value in then.items() if value and settings.origins[name] != "option"}
    return replace(settings, **used, origins={**settings.origins, **dict.fromkeys(used, "recorded")})


def _open(settings: Settings, recorded: "Recorded", place: "Place") -> "Opened":
    """The generation, with a model where one wrote the answer. Raises UsageError where none can be asked."""
    if recorded.written and not can_ask_model(settings):
        raise UsageError(
            f"the answer was written by {recorded.answered_by or 'a model'}, and there is no key to ask one",
            "set OPENROUTER_API_KEY, or OPENROUTER_BASE_URL for a server of your own",
        )
    return open_generations(settings, [place.generation], use_model=recorded.written)[0]
