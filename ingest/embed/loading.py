"""Load models of sentence-transformers, by name or folder. The only file that knows that library and the hub."""

import contextlib
import hashlib
import json
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

from ingest.core.errors import ModelError

Kind = Literal["SentenceTransformer", "SparseEncoder", "MultiVectorEncoder", "CrossEncoder"]
"""The library's classes: one vector for a text; weights of words; a vector for each token; a score for two texts."""

_KIND_FILE: Final = "config_sentence_transformers.json"
_LATE: Final = ("ColBERT", "HF_ColBERT")
"""What PyLate and Stanford's ColBERT call a MultiVectorEncoder in their files."""
_SECONDS: Final = 15.0
"""How long the hub may take to say whether it has a model."""
_SAMPLE: Final = 65_536
_SAMPLES: Final = 64
_OPTIONS: Final = {
    "SentenceTransformer": "--embedder",
    "SparseEncoder": "--embedder",
    "MultiVectorEncoder": "--late",
    "CrossEncoder": "--reranker",
}
"""The option that each kind goes with."""


def load(name: str, device: str = "auto", kinds: tuple[Kind, ...] = ("SentenceTransformer",)) -> Any:  # noqa: ANN401 - one of the library's classes
    """Load a model of one of these kinds, from a folder, the hub's cache or the hub, onto a device.

    A model whose files name no kind is loaded as the first of `kinds`. Raises ModelError, which names the option that
    a model of another kind goes with. Returns one of the library's classes.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # the tokenizer warns of forks otherwise
    if Path(name).is_dir():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    option = _OPTIONS[kinds[0]]
    with quiet():
        try:
            kind = _stored_kind(name) or kinds[0]
            silence_libraries()
            model = _construct(kind, name, device) if kind in kinds else None
        except Exception as error:  # the library raises whatever its parts raise
            raise _failure(name, option, error) from error
    if model is None:  # the library would convert it, and lose what it is for
        raise ModelError(f"{name!r} is a {kind}, which {option} does not take", _hint_for(kind))
    return model


def load_judge(name: str, device: str = "auto") -> Any:  # noqa: ANN401 - the library's CrossEncoder
    """Load a CrossEncoder with the labels that it was trained for. A single score is a probability, others are logits.

    Raises what the library and the hub's library raise.
    """
    if Path(name).is_dir():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with quiet():
        _ask_hub(name)
        import sentence_transformers
        from torch.nn import Identity, Sigmoid

        silence_libraries()  # after the import, which would turn the bars on again
        where = None if device == "auto" else device
        model = sentence_transformers.CrossEncoder(name, trust_remote_code=False, device=where)
    model.activation_fn = Sigmoid() if model.config.num_labels == 1 else Identity()
    return model


def kind_of(name: str) -> str:
    """The class that a model was saved by; "" where its files do not say. Raises ModelError.

    Asks the hub for a model that is not on this machine, unless that is forbidden.
    """
    try:
        return _stored_kind(name)
    except Exception as error:  # the hub's library raises whatever its parts raise
        raise _failure(name, "--embedder", error) from error


def _stored_kind(name: str) -> str:
    _ask_hub(name)
    stored = _read_json(name, _KIND_FILE).get("model_type", "")
    if not stored and any(architecture in _LATE for architecture in _architectures(name)):
        stored = "MultiVectorEncoder"
    return "MultiVectorEncoder" if stored in _LATE else str(stored)


def is_on_hub(name: str) -> bool:
    """Whether a model would have to be fetched: it is no folder, and not in the hub's cache."""
    return not Path(name).is_dir() and not revision_of(name)


def fingerprint_of(name: str) -> str:
    """Of a folder, its name and a hash of its files; of a model in the hub's cache, its name and revision."""
    folder = Path(name)
    if folder.is_dir():
        return f"{folder.name}/{_hash_of(folder)[:12]}"
    return f"{name}/{revision_of(name) or 'unknown'}"


def revision_of(name: str) -> str:
    """The revision of a hub's model that is in its local cache, "" where none is."""
    from huggingface_hub import try_to_load_from_cache

    with contextlib.suppress(ValueError):  # no name of a model: loading it will say so
        path = try_to_load_from_cache(name, "modules.json") or try_to_load_from_cache(name, "config.json")
        return Path(path).parent.name[:12] if isinstance(path, str) else ""
    return ""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide the libraries' warnings: a user can mend none of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _construct(kind: str, name: str, device: str) -> Any:  # noqa: ANN401 - one of four classes
    import sentence_transformers

    where = None if device == "auto" else device
    if kind == "CrossEncoder":
        from torch.nn import Sigmoid

        return sentence_transformers.CrossEncoder(
            name, num_labels=1, activation_fn=Sigmoid(), trust_remote_code=False, device=where
        )
    return getattr(sentence_transformers, kind)(name, device=where, trust_remote_code=False)


def _ask_hub(name: str) -> None:
    """Ask the hub once for a model that is not on this machine: a download is tried for half a minute before it fails.

    Raises what the hub's library raises.
    """
    if is_on_hub(name) and os.environ.get("HF_HUB_OFFLINE") != "1":
        from huggingface_hub import model_info

        model_info(name, timeout=_SECONDS)


def silence_libraries() -> None:
    """Turn off the progress bars and warnings of the libraries that load models: each retry would be a warning."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    for library in ("huggingface_hub", "sentence_transformers", "transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)  # each retry would be a warning


def _failure(name: str, option: str, error: Exception) -> ModelError:
    if Path(name).is_dir():
        return ModelError(f"the model {name!r} can't be loaded: {_first_line(error)}", f"name another with {option}")
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        return ModelError(
            f"the model {name!r} is not on this machine, and the hub may not be asked",
            f"leave out --no-llm once, which downloads it, or leave out {option} and --profile",
        )
    if _is_unreachable(error):
        return ModelError(
            f"the hub can't be reached, and the model {name!r} is not on this machine",
            f"check the network, or set HF_ENDPOINT to a mirror, or give {option} a folder",
        )
    return ModelError(
        f"the model {name!r} can't be loaded: {_first_line(error)}",
        f"give {option} the name of a sentence-transformers model, or its folder",
    )


def _is_unreachable(error: BaseException) -> bool:
    """Whether a failure to connect is among the causes."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    return any(
        isinstance(one, ConnectionError | TimeoutError) or type(one).__name__ in _NO_CONNECTION for one in causes
    )


_NO_CONNECTION: Final = frozenset(
    "ConnectError ConnectTimeout ConnectionError MaxRetryError ProxyError ReadTimeout LocalEntryNotFoundError".split()
)
"""Names of the exceptions of httpx, requests, urllib3 and huggingface_hub for an unreachable host."""


def _hint_for(kind: str) -> str:
    option = _OPTIONS.get(kind)
    return f"a {kind} goes with {option}" if option else "name a model of another kind"


def _architectures(name: str) -> list[str]:
    found = _read_json(name, "config.json").get("architectures")
    return [str(one) for one in found] if isinstance(found, list) else []


def _read_json(name: str, file: str) -> dict[str, Any]:
    """A JSON file of a model; {} where it has none or it is no object. Raises what the hub's library raises."""
    path = Path(name) / file if Path(name).is_dir() else _fetch(name, file)
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _fetch(name: str, file: str) -> Path | None:
    """A file of a hub's model, from its cache or from the hub; None where the model has no such file."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, HFValidationError, LocalEntryNotFoundError

    try:
        known = try_to_load_from_cache(name, file)
        if isinstance(known, str):
            return Path(known)
        if known is not None or (os.environ.get("HF_HUB_OFFLINE") == "1" and revision_of(name)):
            return None
        return Path(hf_hub_download(name, file))
    except LocalEntryNotFoundError:
        raise
    except (EntryNotFoundError, HFValidationError):
        return None


def _hash_of(folder: Path) -> str:
    """A hash of every file: its name, its size, and samples of it, since weights may have gigabytes.

    Training moves all weights, so samples tell one training from another.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()} {size}\n".encode())
        with path.open("rb") as file:
            for start in range(0, size, max(_SAMPLE, size // _SAMPLES)):
                file.seek(start)
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
