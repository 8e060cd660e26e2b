"""Answer the questions of a file with two generations of the index, and compare the answers."""

from collections.abc import Callable, Iterator, Sequence

from eval.dataset import Question
from eval.gold import Docs
from eval.impact.effects import DocsChange, Impact, Snapshot, compare_answers, take_snapshot
from eval.impact.headings import heading_questions
from ingest.core.parallel import run_all
from ingest.core.records import Progress
from rag.abstain import confidence
from rag.open import Opened
from rag.records import AnswerOptions

Before = Callable[[Question], Snapshot]


def measure_impact(
    questions: Sequence[Question],
    before: Opened,
    after: Opened,
    options: AnswerOptions,
    progress: Progress,
    jobs: int = 1,
) -> Iterator[Impact]:
    """Yield the impact on each question, in the order of the questions. Raises what answering raises.

    Without `questions`, the headings of the docs before are asked.
    """
    change = DocsChange.of(Docs.of(before.store.pages()), Docs.of(after.store.pages()))
    questions = questions or heading_questions(change.before, change.pages)

    def ask(question: Question) -> Impact:
        first = _answer(question, before, options, change.before)
        return compare_answers(question, first, _answer(question, after, options, change.after), change)

    done: dict[str, Impact] = {}
    for question, result in run_all(ask, questions, jobs):
        if not isinstance(result, Impact):
            raise result
        done[question.id] = result
        progress("impact", len(done), len(questions))
    yield from (done[question.id] for question in questions)


def _answer(question: Question, opened: Opened, options: AnswerOptions, docs: Docs) -> Snapshot:
    retrieved = opened.assistant.find_passages(question.question, options.k, options.under)
    answer = opened.assistant.answer_from(retrieved, options)
    return take_snapshot(question, answer, confidence(retrieved), docs)
