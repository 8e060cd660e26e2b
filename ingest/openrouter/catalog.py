"""Available models with their prices, and the limits of the key."""

from dataclasses import dataclass
from typing import Any

from ingest.core.deadline import Deadline
from ingest.core.errors import ModelError
from ingest.core.json_values import as_number, as_object, as_text
from ingest.core.settings import Settings
from ingest.openrouter.client import get_json, load

_SECONDS = 20.0
"""A catalogue of some hundred models takes a second; nobody waits longer for it."""


@dataclass(frozen=True, slots=True)
class Model:
    """An available model. Prices are US dollars per million tokens; None if not given or variable."""

    id: str
    name: str
    context: int | None
    prompt_price: float | None
    completion_price: float | None
    expires: str | None

    @property
    def free(self) -> bool:
        """Return whether the model costs nothing."""
        return self.prompt_price == 0 and self.completion_price == 0


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """Response of `/key`: US dollars left (None: no limit), spent, when the limit resets, and the tier."""

    remaining: float | None
    limit: float | None
    usage: float | None
    reset: str | None
    free_tier: bool
    expires: str | None


def list_models(settings: Settings) -> list[Model]:
    """Return the available models, sorted by name. Raises ModelError.

    OpenRouter's list is public, so no key is sent; the key is sent only to servers that refuse without one.
    """
    deadline = _deadline(settings)
    try:
        data = get_json(settings, "/models", deadline, key=False).get("data")
    except ModelError as error:
        if not settings.api_key or "answered 401" not in error.message:
            raise
        data = get_json(settings, "/models", deadline).get("data")
    entries = data if isinstance(data, list) else [None]
    models = [_model(entry) for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
    if entries and not models:
        raise ModelError(f"{settings.base_url}/models lists no models", "check OPENROUTER_BASE_URL")
    return sorted(models, key=lambda model: model.id)


def key_limits(settings: Settings) -> KeyLimits:
    """Return what the key may still spend. The request is free. Raises ModelError."""
    data = get_json(settings, "/key", _deadline(settings)).get("data")
    if not isinstance(data, dict):
        raise ModelError(f"{settings.base_url}/key does not report on the key", "check OPENROUTER_BASE_URL")
    return KeyLimits(
        remaining=as_number(data.get("limit_remaining")),
        limit=as_number(data.get("limit")),
        usage=as_number(data.get("usage")),
        reset=as_text(data.get("limit_reset")),
        free_tier=data.get("is_free_tier") is True,
        expires=as_text(data.get("expires_at")),
    )


def _deadline(settings: Settings) -> Deadline:
    load()
    return Deadline(min(_SECONDS, settings.timeout))


def _model(entry: dict[str, Any]) -> Model:
    prices = as_object(entry.get("pricing"))
    context = as_number(entry.get("context_length"))
    return Model(
        id=entry["id"],
        name=as_text(entry.get("name")) or entry["id"],
        context=int(context) if context else None,
        prompt_price=_price(prices.get("prompt")),
        completion_price=_price(prices.get("completion")),
        expires=as_text(entry.get("expiration_date")),
    )


def _price(value: object) -> float | None:
    """Convert dollars per token, as text, to dollars per million; None for -1, the variable price of routers."""
    number = as_number(value)
    return round(number * 1e6, 6) if number is not None and number >= 0 else None
