"""Let a model search the docs itself, for questions whose answer is spread over several pages."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ingest.core.deadline import Deadline
from ingest.core.errors import DocsError
from ingest.core.json_values import as_object
from rag.generate.prompt import Passages
from rag.generate.writer import Written
from rag.records import ChatModel, Completion, Message, Retrieved, Tool, ToolCall

ROUNDS: Final = 3
"""Turns in which the model may search; after them it has to answer."""
_CALLS: Final = 3
"""Searches per turn."""
_NEW: Final = 4
"""Passages per search: what a model needs to see, at a price that stays small."""
_LONGEST_QUERY: Final = 300
_LONGEST_WRITTEN_CALL: Final = 1_000
"""Characters; a longer text is an answer that mentions the tool."""

SEARCH_DOCS: Final[Tool] = {
    "type": "function",
    "function": {
        "name": "search_docs",
        "description": "Search the documentation for further passages. Use it when those at hand do not answer.",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "what to search for, in a few words"}},
            "required": ["query"],
            "additionalProperties": False,
        },
    },
}

Search = Callable[[str], Retrieved]
Finish = Callable[[Iterable[str | Completion]], Written]
"""Makes an answer of a turn's pieces, with all passages found by then."""


def write_with_search(
    messages: Sequence[Message],
    passages: Passages,
    model: ChatModel,
    deadline: Deadline,
    search: Search,
    finish: Finish,
) -> Written:
    """Answer in at most `ROUNDS` turns with the tool and one without. Raises ModelError.

    Text of a turn that ends in a search is not an answer and is dropped, so a turn is shown only when it ends.
    """
    conversation = _Conversation([*messages], passages, search)
    for _ in range(ROUNDS):
        pieces = list(model(conversation.messages, deadline, (SEARCH_DOCS,)))
        conversation.spent.append(_with_written_call(_completion(pieces), pieces))
        if not conversation.spent[-1].calls:
            return conversation.total(finish(pieces))
        conversation.take(pieces)
    answer = finish(model(conversation.messages, deadline, ()))
    conversation.spent.append(answer.completion)
    return conversation.total(answer)


@dataclass(slots=True)
class _Conversation:
    messages: list[Message]
    passages: Passages
    search: Search
    spent: list[Completion] = field(default_factory=list)

    def take(self, pieces: Sequence[str | Completion]) -> None:
        """Append a turn of the model and what its searches found."""
        calls = self.spent[-1].calls
        self.messages.append(
            {
                "role": "assistant",
                "content": "".join(piece for piece in pieces if isinstance(piece, str)) or None,
                "tool_calls": [
                    {
                        "id": call.id,
                        "type": "function",
                        "function": {"name": call.name, "arguments": _query_json(call)},
                    }
                    for call in calls
                ],
            }
        )
        for at, call in enumerate(calls):
            found = self._found(call) if at < _CALLS else "Too many searches at once."
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": found})

    def _found(self, call: ToolCall) -> str:
        """Return the result of a call: passages, or why there are none. The arguments are checked like user input."""
        query = _query(call)
        if call.name != "search_docs" or not query:
            return "There is one tool: search_docs, with a text as query."
        try:
            hits = self.search(query).hits[:_NEW]
        except DocsError as error:
            return f"The search failed: {error.message}"
        return self.passages.text(self.passages.add(hits)) or "Nothing was found."

    def total(self, answer: Written) -> Written:
        """The answer with what all turns cost together."""
        last = replace(answer.completion, prompt_tokens=None, completion_tokens=None, cost_usd=None)
        return replace(answer, completion=last.with_usage_of(self.spent))


def _completion(pieces: Sequence[str | Completion]) -> Completion:
    return next((piece for piece in reversed(pieces) if isinstance(piece, Completion)), Completion(None, ""))


_WRITTEN_CALL = re.compile(r"\{.*\}|\bsearch_docs\s*\((.*)\)", re.DOTALL)
_QUOTED = re.compile(r"""["']([^"']+)["']""")


def _with_written_call(completion: Completion, pieces: Sequence[str | Completion]) -> Completion:
    """The completion with the call that a weak model wrote as text, where that is all it wrote."""
    text = "".join(piece for piece in pieces if isinstance(piece, str)).strip()
    found = None if completion.calls or "search_docs" not in text else _WRITTEN_CALL.search(text)
    if found is None or len(text) > _LONGEST_WRITTEN_CALL:
        return completion
    query = _QUOTED.search(found[1]) if found[1] is not None else None
    arguments = json.dumps({"query": query[1]}) if query else _arguments_in(found[0])
    if not arguments:
        return completion
    return replace(completion, calls=(ToolCall("call_0", "search_docs", arguments),), finish_reason="tool_calls")


def _arguments_in(text: str) -> str:
    """The arguments of a call written as JSON; "" for anything else."""
    try:
        call: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    function = as_object(as_object(call).get("function")) or as_object(call)
    arguments = function.get("arguments", function.get("parameters"))
    return arguments if isinstance(arguments, str) else json.dumps(arguments) if isinstance(arguments, dict) else ""


def _query(call: ToolCall) -> str:
    """The query of a call; "" when the arguments are not what was asked for."""
    try:
        arguments: Any = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return ""
    query = arguments.get("query") if isinstance(arguments, dict) else None
    return " ".join(query.split())[:_LONGEST_QUERY] if isinstance(query, str) else ""


def _query_json(call: ToolCall) -> str:
    """Return the arguments to send back, as valid JSON: servers refuse anything else."""
    return json.dumps({"query": _query(call)})
