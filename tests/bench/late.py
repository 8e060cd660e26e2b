"""What storing a late-interaction model's token vectors costs and saves: scores of stored ones beside the model's own.

Run `python -m tests.bench.late --index DIR QUESTIONS.jsonl [--count N] [--width W] [--json FILE]` from the
repository's root. No hub is needed: the model is the bundled one with a vector for each token, as wide as it is (384),
or rotated and cut to `--width` numbers, as trained models are (96 or 128). For each question the fifty candidates of
the first stage are scored by the whole token vectors and by the stored ones. MRR is of that score alone.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from eval.dataset import Question, read_questions
from eval.gold import Docs, Passage, find_evidence, find_targets
from ingest.embed.base import embedding_text
from ingest.embed.late_model import LateModel
from ingest.embed.minilm import MiniLm
from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation
from ingest.text.terms import terms
from rag.records import Hit
from rag.retrieve.fusion import CANDIDATES
from tests.ingest.embed.stand_ins import save_late


def narrow(folder: Path, width: int) -> None:
    """Add an orthogonal layer of `width` outputs in front of the normalisation. 0: leave the model as it is."""
    import torch
    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.base.modules import Dense

    if not width:
        return
    model = MultiVectorEncoder(str(folder), device="cpu")
    torch.manual_seed(0)
    layer = Dense(384, width, bias=False, activation_function=torch.nn.Identity(), module_input_name="token_embeddings")
    torch.nn.init.orthogonal_(layer.linear.weight)
    parts = list(model)
    MultiVectorEncoder(modules=[*parts[:-1], layer, parts[-1]], device="cpu").save(str(folder))


def reciprocal_rank(question: Question, docs: Docs, store: Store, rows: list[int], scores: Any) -> float:
    """Of the first passage, by these scores, that has the gold of the question."""
    order = [rows[at] for at in np.argsort(-scores, kind="stable")]
    hits = [Hit(rank, 0.0, 0.0, 0.0, chunk) for rank, chunk in enumerate(store.chunks(order), 1)]
    reached = find_evidence(question, find_targets(question, docs), [Passage.of(hit) for hit in hits])
    return 1 / reached.complete.rank if reached.complete else 0.0


def rank_correlation(one: Any, other: Any) -> float:
    """Spearman's."""
    one, other = (np.argsort(np.argsort(-scores)) - (len(scores) - 1) / 2 for scores in (one, other))
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def compare(index: Path, questions: list[Question], width: int) -> dict[str, Any]:
    store, minilm = Store(current_generation(index)), MiniLm()
    docs = Docs.of(store.pages())
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = save_late(Path(temporary))
        narrow(folder, width)
        model = LateModel(str(folder))
        model.scores("warm", ["up"])
        for question in questions:
            candidates = store.candidates(
                minilm.embed_query(question.question), list(terms(question.question)), CANDIDATES
            )
            rows = [int(row) for row in candidates.rows]
            texts = [embedding_text(chunk) for chunk in store.chunks(rows)]
            stored = [one.tokens for _, one in sorted(model.embed_stream(texts), key=lambda pair: pair[0])]
            start = time.process_time()
            whole = model.scores(question.question, texts)
            middle = time.process_time()
            compact = model.stored_scores(question.question, stored)
            end = time.process_time()
            best = {
                name: set(np.argsort(-scores)[:10].tolist()) for name, scores in (("whole", whole), ("stored", compact))
            }
            row = {
                "rank_correlation": rank_correlation(whole, compact),
                "same_first": float(np.argmax(whole) == np.argmax(compact)),
                "same_ten": len(best["whole"] & best["stored"]) / 10,
                "mrr_whole": reciprocal_rank(question, docs, store, rows, whole),
                "mrr_stored": reciprocal_rank(question, docs, store, rows, compact),
                "cpu_ms_whole": (middle - start) * 1000,
                "cpu_ms_stored": (end - middle) * 1000,
                "bytes_a_passage": float(np.mean([one.nbytes for one in stored])),
            }
            for name, value in row.items():
                found.setdefault(name, []).append(value)
    lost = np.array(found["mrr_stored"]) - np.array(found["mrr_whole"])
    random = np.random.default_rng(0)
    means = [lost[random.integers(0, len(lost), len(lost))].mean() for _ in range(2_000)]
    return {
        "questions": len(questions),
        "width": width or 384,
        **{name: float(np.mean(values)) for name, values in found.items()},
        "mrr_change_95": [float(value) for value in np.percentile(means, [2.5, 97.5])],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--width", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    answerable = [question for question in read_questions(given.questions).questions if question.answerable]
    found = compare(given.index, answerable[:: max(1, len(answerable) // given.count)][: given.count], given.width)
    text = json.dumps(found, indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
