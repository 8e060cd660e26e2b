"""Settings, each with the place it came from: option, environment, config file or default, in that order."""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ingest.core.database_url import DatabaseUrl, IndexAddress, is_database
from ingest.core.defaults import DEFAULT_BASE_URL, DEFAULT_MODEL, DEFAULT_TEMPERATURE
from ingest.core.errors import UsageError
from ingest.core.profiles import FAST, PROFILES

CONFIG_NAME: Final = "askdocs.toml"
CREDENTIALS_NAME: Final = "credentials.toml"


class Secret:
    """An API key that no repr, log or traceback shows; `reveal()` is for the request header alone."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value.strip()

    def __repr__(self) -> str:
        return "Secret(…)"

    def __bool__(self) -> bool:
        return bool(self._value)

    def reveal(self) -> str:
        """Return the key. Raises UsageError for a key that can't be sent: the HTTP libraries would print it."""
        if not self._value.isascii() or not self._value.isprintable() or " " in self._value:
            hint = "copy it again: quotes and line breaks get in easily"
            raise UsageError("the API key contains characters that no key has", hint)
        return self._value


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings. `origins` maps each name to the source of its value."""

    docs: Path
    index: IndexAddress
    profile: str
    embedder: str
    late: str
    reranker: str
    yes: bool
    device: str
    precision: str
    model: str
    k: int
    max_tokens: int
    timeout: float
    temperature: float
    contact: str
    referer: str
    base_url: str
    api_key: Secret
    origins: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """The local folder of an index: the index itself or, where that is in a database, its caches and journals."""
        return self.index if isinstance(self.index, Path) else _next_to(self.docs)

    @property
    def models(self) -> list[str]:
        """Answering models in order of preference; OpenRouter takes at most three."""
        return [slug.strip() for slug in self.model.split(",") if slug.strip()][:_MOST_MODELS]


@dataclass(frozen=True, slots=True)
class _Setting:
    """One entry of the config file: how it is parsed, its environment variable and default."""

    parse: Callable[[object], Any]
    default: object
    environment: str | None = None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        message = "takes a text"
        raise ValueError(message)
    return value.strip()


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)) or int(value) < 1:
        message = "takes a whole number of at least 1"
        raise ValueError(message)
    return int(value)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or not 0 < float(value) < 86_400:
        message = "takes a number of seconds"
        raise ValueError(message)
    return float(value)


def _precision(value: object) -> str:
    if value not in ("auto", "fp32", "bf16"):
        message = "takes auto, fp32 or bf16"
        raise ValueError(message)
    return str(value)


def _profile(value: object) -> str:
    if value not in PROFILES:
        message = f"takes {', '.join(list(PROFILES)[:-1])} or {list(PROFILES)[-1]}"
        raise ValueError(message)
    return str(value)


def _truth(value: object) -> bool:
    if value is not True and value is not False:
        message = "takes true or false"
        raise ValueError(message)
    return value


def _temperature(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or not 0 <= float(value) <= 2:
        message = "takes a number from 0 to 2"
        raise ValueError(message)
    return float(value)


_MOST_MODELS: Final = 3
"""The answering model and its fallbacks: OpenRouter takes no more."""

_SETTINGS: Final[dict[str, _Setting]] = {
    "docs": _Setting(_text, None, "ASKDOCS_DOCS"),
    "index": _Setting(_text, None, "ASKDOCS_INDEX"),
    "profile": _Setting(_profile, FAST, "ASKDOCS_PROFILE"),
    "embedder": _Setting(_text, "", "ASKDOCS_EMBEDDER"),
    "late": _Setting(_text, "", "ASKDOCS_LATE"),
    "reranker": _Setting(_text, "", "ASKDOCS_RERANKER"),
    "yes": _Setting(_truth, default=False),
    "device": _Setting(_text, "auto", "ASKDOCS_DEVICE"),
    "precision": _Setting(_precision, "auto", "ASKDOCS_PRECISION"),
    "model": _Setting(_text, DEFAULT_MODEL, "ASKDOCS_MODEL"),
    "k": _Setting(_count, 8),
    "max_tokens": _Setting(_count, 800),
    "timeout": _Setting(_seconds, 60.0),
    "temperature": _Setting(_temperature, DEFAULT_TEMPERATURE),
    "contact": _Setting(_text, ""),
    "referer": _Setting(_text, ""),
}


def load_settings(options: Mapping[str, object], environ: Mapping[str, str], cwd: Path) -> Settings:
    """Merge options (None: not given), environment, config file and defaults.

    Raises UsageError for a config file that is missing or broken, an unknown key, or a value that
    does not fit.
    """
    path = _config_path(options.get("config"), environ, cwd)
    from_file = _read_toml(path, _SETTINGS) if path else {}
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, setting in _SETTINGS.items():
        raw, origin = setting.default, "default"
        if options.get(name) is not None:
            raw, origin = options[name], "option"
        elif setting.environment and environ.get(setting.environment):
            raw, origin = environ[setting.environment], f"environment {setting.environment}"
        elif name in from_file:
            raw, origin = from_file[name], f"config {path}"
        values[name] = raw if origin == "default" else _parsed(name, setting, raw, origin)
        origins[name] = origin
    _apply_profile(values, origins)
    _place_folders(values, origins, cwd, path)
    _add_credentials(values, origins, environ)
    return Settings(**values, origins=origins)


def _apply_profile(values: dict[str, Any], origins: dict[str, str]) -> None:
    """Let the profile choose the models that nothing else chose."""
    name = values["profile"]
    for setting, model in asdict(PROFILES[name]).items():
        if origins[setting] == "default":
            values[setting] = model
            origins[setting] = "default" if name == FAST else f"profile {name}"


def _parsed(name: str, setting: _Setting, raw: object, origin: str) -> object:
    try:
        return setting.parse(str(raw) if isinstance(raw, Path) else raw)
    except (ValueError, TypeError) as error:
        detail = str(error) if str(error).startswith("takes") else "has a value that does not fit"
        raise UsageError(f"{name} {detail} (from {origin}: {raw!r})", f"correct {name} there") from error


def _config_path(option: object, environ: Mapping[str, str], cwd: Path) -> Path | None:
    named = option or environ.get("ASKDOCS_CONFIG")
    if named:
        path = Path(str(named)).expanduser()
        if not path.is_file():
            raise UsageError(f"there is no config file {path}", "correct --config or ASKDOCS_CONFIG")
        return path
    return next((path for path in (cwd / CONFIG_NAME, user_folder() / CONFIG_NAME) if path.is_file()), None)


def _read_toml(path: Path, known: Mapping[str, object]) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}", "fix the file; it is TOML in UTF-8") from error
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
            raise UsageError(f"{path}: unknown key {key!r}", hint)
    return table


def _place_folders(values: dict[str, Any], origins: dict[str, str], cwd: Path, config: Path | None) -> None:
    """Set folders. Docs default to ./markdown_docs if it exists, else the platform's data folder; index next to it.

    An index may be the address of a database instead. Raises UsageError, which names no part of that address.
    """
    database = values.pop("index") if is_database(str(values["index"])) else None
    for name in ("docs", "index") if database is None else ("docs",):
        base = config.parent if config and origins[name].startswith("config") else cwd
        values[name] = (base / Path(values[name]).expanduser()) if values[name] else None
    if values["docs"] is None:
        local = cwd / "markdown_docs"
        values["docs"] = local if local.is_dir() else data_folder() / "markdown_docs"
    if database is not None:
        try:
            values["index"] = DatabaseUrl(database)
        except ValueError as error:
            hint = "an example: postgres://USER@HOST/DATABASE?schema=NAME"
            raise UsageError(f"index {error} (from {origins['index']})", hint) from None
    elif values["index"] is None:
        values["index"] = _next_to(values["docs"])


def _next_to(docs: Path) -> Path:
    return docs.with_name(docs.name + ".index")


def _add_credentials(values: dict[str, Any], origins: dict[str, str], environ: Mapping[str, str]) -> None:
    """Add the key and the base URL, never from the working folder.

    A base URL in the user's credentials file is used only with the key of that file, so that no file
    can send a key from the environment to another server.
    """
    path = user_folder() / CREDENTIALS_NAME
    stored = _read_toml(path, {"api_key": "", "base_url": ""}) if path.is_file() else {}
    base_url, base_origin = environ.get("OPENROUTER_BASE_URL"), "environment OPENROUTER_BASE_URL"
    key, key_origin = environ.get("OPENROUTER_API_KEY"), "environment OPENROUTER_API_KEY"
    if not key and stored.get("api_key"):
        key, key_origin = str(stored["api_key"]), str(path)
        if not base_url and stored.get("base_url"):
            base_url, base_origin = str(stored["base_url"]), str(path)
    values["api_key"] = Secret(key or "")
    origins["api_key"] = key_origin if key else "not set"
    values["base_url"] = (base_url or DEFAULT_BASE_URL).rstrip("/")
    origins["base_url"] = base_origin if base_url else "default"


def user_folder() -> Path:
    """Return the folder of the user's config and credentials."""
    from platformdirs import user_config_path

    return user_config_path("askdocs", appauthor=False)


def state_folder() -> Path:
    """Return the folder for small state kept between commands; all of it may be deleted."""
    from platformdirs import user_state_path

    return user_state_path("askdocs", appauthor=False)


def data_folder() -> Path:
    """Return the folder for docs and index when none is given and ./markdown_docs does not exist."""
    from platformdirs import user_data_path

    return user_data_path("askdocs", appauthor=False)
