"""Tiny models of each kind that sentence-transformers loads, with random weights: no hub can be reached."""

from pathlib import Path

from ingest.embed.minilm import MiniLm

_SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
_SPECIAL = {"pad_token_id": 0, "cls_token_id": 101, "sep_token_id": 102, "bos_token_id": 101, "eos_token_id": 102}
PROMPTS = {"query": "search for: ", "document": ""}


def save_bare(folder: Path, head: str = "") -> str:
    """A ModernBERT with the bundled tokenizer and this head, without sentence-transformers' files; its folder."""
    import torch
    import transformers

    torch.manual_seed(14)
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(MiniLm().folder))
    config = transformers.ModernBertConfig(
        vocab_size=len(tokenizer), max_position_embeddings=512, num_labels=1, **_SIZES, **_SPECIAL
    )
    getattr(transformers, f"ModernBert{head or 'Model'}")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def save_dense(folder: Path) -> Path:
    """Mean pooling, and a prompt for queries."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    words = Transformer(save_bare(folder / "bare"))
    SentenceTransformer(modules=[words, Pooling(32)], prompts=PROMPTS, device="cpu").save(str(folder / "model"))
    return folder / "model"


def save_sparse(folder: Path) -> Path:
    """A SPLADE model."""
    from sentence_transformers import SparseEncoder
    from sentence_transformers.sparse_encoder.modules import MLMTransformer, SpladePooling

    words = MLMTransformer(save_bare(folder / "bare", "ForMaskedLM"))
    SparseEncoder(modules=[words, SpladePooling()], device="cpu").save(str(folder / "model"))
    return folder / "model"


def save_late(folder: Path) -> Path:
    """The bundled model's token vectors, compared one by one: the only stand-in that knows what words mean."""
    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask
    from sentence_transformers.sentence_transformer.modules import Normalize

    words = Transformer(str(MiniLm().folder), module_output_name="token_embeddings")
    modules = [words, MultiVectorMask(), Normalize(module_input_name="token_embeddings")]
    MultiVectorEncoder(modules=modules, device="cpu").save(str(folder / "model"))
    return folder / "model"


def save_cross(folder: Path) -> Path:
    """A CrossEncoder."""
    from sentence_transformers import CrossEncoder

    CrossEncoder(save_bare(folder / "bare", "ForSequenceClassification"), device="cpu").save(str(folder / "model"))
    return folder / "model"
