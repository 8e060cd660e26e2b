"""The MCP tools as clients see them: names, descriptions and schemas, in their fixed order."""

from typing import Any, Final

import mcp_types as types

PART: Final = 40_000
"""Characters of a page in one result: with its JSON below the 50,000 that Claude Code shows."""

_STRING: Final = {"type": "string"}
_QUESTION: Final = {
    "type": "string",
    "description": "A question or keywords, in any language.",
    "minLength": 1,
    "maxLength": 4000,
}


def _object(required: str, **properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required.split()}


_RESULT: Final = _object("id title url", id=_STRING, title=_STRING, url=_STRING)


def _tool(name: str, about: str, takes: dict[str, Any], gives: dict[str, Any]) -> types.Tool:
    hints = types.ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    return types.Tool(name=name, description=about, input_schema=takes, output_schema=gives, annotations=hints)


SEARCH: Final = _tool(
    "search",
    "Search the documentation. Returns the best sections; read one with `fetch`.",
    _object("query", query=_QUESTION),
    _object("results", results={"type": "array", "items": _RESULT}),
)
FETCH: Final = _tool(
    "fetch",
    "Read a section that `search` found, with the text around it.",
    _object("id", id={"type": "string", "description": "An id from `search`."}),
    _object("id title text url", id=_STRING, title=_STRING, text=_STRING, url=_STRING, metadata={"type": "object"}),
)
ASK: Final = _tool(
    "ask_docs",
    "Answer a question from the documentation, with checked citations; `answered` is false where it does not.",
    _object(
        "question", question=_QUESTION, under={"type": "string", "description": "A site path, such as /docs/guides."}
    ),
    _object(
        "question answer answered citations",
        question=_STRING,
        answer=_STRING,
        answered={"type": "boolean"},
        citations={"type": "array", "items": {"type": "object"}},
    ),
)
READ: Final = _tool(
    "read_page",
    "Read a whole page as markdown, in parts of 40,000 characters: pass `next` as `from` to go on.",
    _object(
        "path",
        path={"type": "string", "description": "A site path, such as /docs/faq, a URL, or a file, such as faq.md."},
        **{"from": {"type": "integer", "minimum": 0}},
    ),
    _object("page url title text characters", page=_STRING, url=_STRING, title=_STRING, text=_STRING),
)
TOOLS: Final = [SEARCH, FETCH, ASK, READ]
