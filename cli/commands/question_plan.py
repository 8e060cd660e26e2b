"""`reindex --generate-questions`: which model writes the questions, what it costs, and what came of it."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from ingest.core.errors import ModelError, UsageError
from ingest.core.settings import Settings
from ingest.index.sections import Section
from ingest.reindex.options import ReindexOptions, ReindexReport
from ingest.reindex.questions import Price, QuestionPlan, QuestionReport


def with_question_plan(
    settings: Settings, options: ReindexOptions, model: str | None, budget: float | None
) -> ReindexOptions:
    """The options, with the plan of questions where a model is named. Raises UsageError."""
    if model is None:
        if budget is not None:
            raise UsageError("--budget limits --generate-questions", "name the model: --generate-questions MODEL")
        return options
    from rag.generate.section_questions import VERSION, QuestionWriter, question_messages
    from rag.open import can_ask_model

    own = replace(settings, model=model.strip(), origins={**settings.origins, "model": "--generate-questions"})
    if not own.models:
        raise UsageError("--generate-questions names no model", "give a slug, such as openai/gpt-5-mini")
    if not can_ask_model(own):
        raise UsageError(
            "--generate-questions needs a model, and there is no API key",
            "set OPENROUTER_API_KEY, or OPENROUTER_BASE_URL for a server of your own",
        )

    def count(section: Section) -> int:
        return sum(len(str(message["content"])) for message in question_messages(section)) // _CHARACTERS

    plan = QuestionPlan(own.model, VERSION, QuestionWriter(own), count, lambda: _price(own), budget, options.jobs)
    return replace(options, questions=plan)


_CHARACTERS = 4
"""Characters of a token of English text, for the estimate: models' tokenizers differ by a fifth."""


def _price(settings: Settings) -> Price | None:
    """What the server says that the model costs; None where it does not say, or can't be asked."""
    from ingest.openrouter.catalog import list_models

    try:
        found = next((one for one in list_models(settings) if one.id == settings.models[0]), None)
    except ModelError:
        return None
    if found is None or found.prompt_price is None or found.completion_price is None:
        return None
    return Price(found.prompt_price, found.completion_price)


def question_json(report: QuestionReport) -> dict[str, Any]:
    """What was written, or would be, as the document shows it."""
    return {name: value for name, value in asdict(report).items() if name != "notes"}


def question_text(report: ReindexReport, *, dry_run: bool) -> Iterator[str]:
    """The line about the questions, where some are wanted."""
    found = report.questions
    if found is None:
        return
    cost = "at an unknown price" if found.cost_usd is None else f"${found.cost_usd:.4f}"
    tokens = f"{found.prompt_tokens:,} tokens to read and {found.completion_tokens:,} to write"
    if dry_run:
        yield f"asked   {found.sections:,} sections: {found.left:,} to write, {found.reused:,} reused"
        if found.left:
            yield f"        about {tokens}, {cost if found.cost_usd is None else f'about {cost}'}, by {found.model}"
        return
    left = f", {found.left:,} left" if found.left else ""
    failed = f", {found.failed:,} failed" if found.failed else ""
    yield f"asked   {found.sections:,} sections: {found.written:,} written, {found.reused:,} reused{failed}{left}"
    if found.written or found.empty:
        yield f"        {tokens}, {cost}, by {found.model}"
