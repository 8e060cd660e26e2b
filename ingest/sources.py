"""Which sources a run is about, and in which form their pages are read. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from ingest.errors import UsageError
from ingest.web.crawl import Form
from ingest.web.variants import Choice

DEFAULT_SOURCE = "https://openrouter.ai/docs"


def sources_of_run(given: Sequence[str], recorded: Sequence[str], *, others_may_be: bool) -> tuple[str, ...]:
    """The sources of a run: as given, else as recorded, else OpenRouter's docs.

    Raises UsageError where the docs folder holds the pages of others, unless `others_may_be`.
    """
    if not given:
        return tuple(recorded) or (DEFAULT_SOURCE,)
    other = [source for source in recorded if source not in given]
    if other and not others_may_be:
        raise UsageError(
            f"this docs folder holds the pages of {other[0]}",
            "use --replace to drop them, --add to keep both, or --docs for another folder",
        )
    return tuple(given)


def form_of(asked: bool | None, *, recorded: bool) -> Form:  # noqa: FBT001 - None is an answer too
    """How to read a source: as asked, which a sample has to bear out; else as `recorded` the last time."""
    if asked is None:
        return "always" if recorded else "auto"
    return "check" if asked else "never"


def markdown_after(
    asked: bool | None,  # noqa: FBT001 - None is an answer too
    recorded: Iterable[str],
    run: Iterable[str],
    choices: Mapping[str, Choice],
) -> set[str]:
    """The sources whose `.md` variants are read from now on; `run` are those that were crawled."""
    before = set(recorded).difference(run if asked is False else ())
    return {*before, *choices} - {source for source, choice in choices.items() if not choice.markdown}
