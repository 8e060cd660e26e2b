"""`ask --dry-run`: show the request, its number of tokens, and its cost, without sending it."""

import json as json_module
from collections.abc import Mapping, Sequence
from typing import Any

from cli.options import AskOptions
from cli.terminal import json_line, safe
from ingest.core.errors import ModelError
from ingest.core.settings import Settings
from ingest.openrouter.catalog import Model, list_models
from rag.abstain import is_worth_asking
from rag.generate.chat import chat_request, choose_model
from rag.generate.prompt import build_messages
from rag.generate.search_tool import ROUNDS, SEARCH_DOCS
from rag.open import Opened
from rag.records import Retrieved
from rag.serialize import SCHEMA, heading_path


def print_plan(retrieved: Retrieved, settings: Settings, opened: Opened, options: AskOptions) -> None:
    """Print the request that an answer would take. Sends no chat request; prices come from the public catalogue."""
    plan = _plan(retrieved, settings, opened, options)
    print(json_line(plan) if options.json else safe(_text(plan, retrieved)))


def _plan(retrieved: Retrieved, settings: Settings, opened: Opened, options: AskOptions) -> dict[str, Any]:
    plan: dict[str, Any] = {"schema": SCHEMA, "question": retrieved.question, "request": None, "why": None}
    if opened.assistant.model is None:
        why = "no request: without a key, or with --no-llm, pages are quoted"
        return {**plan, "why": f"{why}; --show-prompt shows what a model would read"}
    if not is_worth_asking(retrieved, opened.assistant.thresholds):
        return {**plan, "why": "no request: the passages do not answer the question"}
    settings = settings if settings.api_key else choose_model(settings)
    tools = [SEARCH_DOCS] if options.search_tool else []
    messages = build_messages(retrieved.question, opened.assistant.passages(retrieved.hits))
    request = chat_request(settings, messages, tools)
    tokens = _tokens(request, settings)
    model, detail = _priced(settings)
    return {
        **plan,
        "url": f"{settings.base_url}/chat/completions",
        "request": request,
        "rounds": ROUNDS + 1 if options.search_tool else 1,
        "prompt_tokens": tokens,
        "max_completion_tokens": settings.max_tokens,
        "cost_usd": _cost(model, tokens, settings.max_tokens),
        "cost_detail": detail,
    }


def _tokens(request: Mapping[str, Any], settings: Settings) -> int:
    """About how many tokens the request has, by the index's own tokenizer; each model counts in its way."""
    from ingest.embed.registry import get_embedder

    texts = [str(message["content"]) for message in request["messages"]]
    if request.get("tools"):
        texts.append(json_module.dumps(request["tools"]))
    count = get_embedder(settings).count
    return sum(count(text) for text in texts)


def _priced(settings: Settings) -> tuple[Model | None, str]:
    """The first model with its price, and why there is none."""
    try:
        known = {model.id: model for model in list_models(settings)}
    except ModelError as error:
        return None, f"price unknown: {error.message}"
    slug = settings.models[0]
    model = known.get(slug)
    if model is None or model.prompt_price is None or model.completion_price is None:
        return None, f"price unknown: {slug} has none in the catalogue"
    return model, f"at ${model.prompt_price:g} and ${model.completion_price:g} per million tokens"


def _cost(model: Model | None, prompt: int, completion: int) -> float | None:
    """Dollars for the prompt and the longest answer."""
    if model is None or model.prompt_price is None or model.completion_price is None:
        return None
    return round((prompt * model.prompt_price + completion * model.completion_price) / 1e6, 6)


def _text(plan: Mapping[str, Any], retrieved: Retrieved) -> str:
    if plan["request"] is None:
        return str(plan["why"])
    request = plan["request"]
    cost = (
        plan["cost_detail"] if plan["cost_usd"] is None else f"at most ${plan['cost_usd']:.6f} ({plan['cost_detail']})"
    )
    lines = [
        f"POST {plan['url']}",
        f"model     {', '.join(request.get('models') or [request['model']])}",
        f"tokens    about {plan['prompt_tokens']:,} in, at most {plan['max_completion_tokens']:,} out",
        f"cost      {cost}",
    ]
    if plan["rounds"] > 1:
        lines.append(f"rounds    up to {plan['rounds']}: the model may search, and each round costs again")
    return "\n".join([*lines, *_passages(retrieved), "", "The prompt itself: --show-prompt"])


def _passages(retrieved: Retrieved) -> Sequence[str]:
    return [f"passage   {heading_path(hit)}  {hit.url}" for hit in retrieved.hits]
