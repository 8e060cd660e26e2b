"""What the user asked `ask` for beside the settings."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class AskOptions:
    """What the user asked for beside the settings."""

    question: str | None
    no_llm: bool
    under: str
    show_prompt: bool
    dry_run: bool
    chat: bool
    search_tool: bool
    strict: bool
    reranker: str
    form: Literal["text", "markdown", "json"]
    quiet: bool
    verbose: int

    @property
    def json(self) -> bool:
        """Whether stdout takes one JSON document."""
        return self.form == "json"
