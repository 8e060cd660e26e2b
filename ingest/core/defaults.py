"""Default values where nothing is configured: OpenRouter's documentation, API and models."""

from typing import Final

DEFAULT_SOURCE: Final = "https://openrouter.ai/docs"

DEFAULT_EXCLUDES: Final = {"openrouter.ai": ("/docs/agent-sdk/typescript/**", "/docs/client-sdks/*/**")}
"""By host, path patterns that are left out unless `--include` is given: generated reference pages of the SDKs,
some 1,650, several times as many as all the other pages."""

DEFAULT_BASE_URL: Final = "https://openrouter.ai/api/v1"
DEFAULT_TEMPERATURE: Final = 0.1
"""Answers from passages want the likeliest words; at 0 some small models repeat themselves without end."""
DEFAULT_MODEL: Final = "~openai/gpt-mini-latest,~google/gemini-flash-latest"
