"""The description of the HTTP API for /openapi.json: true, and tested against the running server. Pure."""

from importlib.metadata import version
from typing import Any, Final

from cli.serve.options import ServeOptions
from cli.serve.service import MAX_CONTEXT, MAX_K

_STRING: Final = {"type": "string"}
_ERROR: Final = {
    "type": "object",
    "required": ["schema", "error"],
    "properties": {
        "schema": {"const": 1},
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {"code": _STRING, "message": _STRING, "hint": _STRING},
        },
    },
}
_OPENAI_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "object", "required": ["message", "type", "code"], "properties": {"message": _STRING}}
    },
}
_CHUNK: Final = {
    "type": "object",
    "required": ["rank", "score", "chunk_id", "page", "url", "title", "headings", "text", "start", "end"],
    "properties": {"rank": {"type": "integer"}, "score": {"type": "number"}, "text": _STRING, "url": _STRING},
}
_CITATION: Final = {
    "type": "object",
    "required": ["marker", "url", "page", "title", "headings", "quote", "start", "end", "chunk_id", "link"],
    "properties": {"marker": {"type": "integer"}, "quote": _STRING, "link": _STRING},
}
_SEARCH: Final = {
    "type": "object",
    "required": ["schema", "question", "index", "chunks"],
    "properties": {"chunks": {"type": "array", "items": {"$ref": "#/components/schemas/Chunk"}}},
}
_ANSWER: Final = {
    "type": "object",
    "required": [
        "schema",
        "question",
        "answer",
        "answered",
        "complete",
        "mode",
        "citations",
        "unsupported",
        "chunks",
        "html",
        "id",
    ],
    "properties": {
        "answer": _STRING,
        "answered": {"type": "boolean"},
        "mode": {"enum": ["openrouter", "extractive"]},
        "citations": {"type": "array", "items": {"$ref": "#/components/schemas/Citation"}},
        "chunks": {"type": "array", "items": {"$ref": "#/components/schemas/Chunk"}},
        "html": {"type": "string", "description": "The answer rendered, safe to insert."},
        "id": {"type": "string", "description": "For /api/feedback."},
        "turn": {"type": "string", "description": "Question, answer, sources and passages as HTML, where asked for."},
    },
}
_PAGE: Final = {
    "type": "object",
    "required": ["schema", "page", "url", "title", "text", "start", "end", "next", "characters"],
    "properties": {"text": _STRING, "next": {"type": ["integer", "null"]}},
}
_QUESTION: Final = {
    "type": "object",
    "required": ["question"],
    "properties": {
        "question": {"type": "string", "minLength": 1, "maxLength": 4000},
        "history": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["question"],
                "properties": {"question": _STRING, "answer": _STRING},
            },
        },
        "k": {"type": "integer", "minimum": 1, "maximum": MAX_K},
        "context": {
            "type": "integer",
            "minimum": 0,
            "maximum": MAX_CONTEXT,
            "description": "Words of the docs that a model reads: the passages with the text around them.",
        },
        "under": _STRING,
        "stream": {
            "type": "boolean",
            "description": "Events `sentence`, `citation`, `done`, `error` in place of one document.",
        },
        "turn": {
            "type": "boolean",
            "description": "Add what the web page shows, as HTML: to the document and the events.",
        },
    },
}
_FEEDBACK: Final = {
    "type": "object",
    "required": ["id", "vote"],
    "properties": {"id": {"type": "string", "minLength": 1, "maxLength": 64}, "vote": {"enum": ["up", "down"]}},
}
_CHAT: Final = {
    "type": "object",
    "required": ["messages"],
    "properties": {
        "model": _STRING,
        "stream": {"type": "boolean"},
        "messages": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["role", "content"], "properties": {"role": _STRING}},
        },
    },
}


def openapi_document(options: ServeOptions) -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "askdocs", "version": version("askdocs"), "description": "Ask a documentation site."},
        "paths": {
            "/api/search": {
                "get": _get(
                    "Rank passages.", "Search",
                    _text("q", required=True), _int("k", 1, MAX_K), _text("under"), _int("context", 0, MAX_CONTEXT),
                )
            },
            "/api/ask": {"post": _post("Answer a question.", _QUESTION, "Answer", events=True)},
            "/api/page": {
                "get": _get("Read a page as markdown.", "Page", _text("path", required=True), _int("from", 0, 10**8))
            },
            "/api/status": {"get": _get("Which index answers.", None)},
            "/api/feedback": {"post": _post("Vote on an answer.", _FEEDBACK, None)},
            "/healthz": {"get": _get("200 while the index is open.", None)},
            "/v1/models": {"get": _get("The models, in OpenAI's shape.", None, error="OpenAiError")},
            "/v1/chat/completions": {
                "post": _post("Chat, in OpenAI's shape.", _CHAT, None, events=True, error="OpenAiError")
            },
        },
        "components": {
            "schemas": {
                "Error": _ERROR, "OpenAiError": _OPENAI_ERROR, "Chunk": _CHUNK, "Citation": _CITATION,
                "Search": _SEARCH, "Answer": _ANSWER, "Page": _PAGE,
            }
        },
    }  # fmt: skip
    if options.token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def _text(name: str, *, required: bool = False) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if required:
        schema["minLength"] = 1
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _int(name: str, least: int, most: int) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "integer", "minimum": least, "maximum": most}}


def _get(about: str, result: str | None, *parameters: dict[str, Any], error: str = "Error") -> dict[str, Any]:
    return {"summary": about, "parameters": list(parameters), "responses": _responses(result, error, events=False)}


def _post(
    about: str, takes: dict[str, Any], result: str | None, *, events: bool = False, error: str = "Error"
) -> dict[str, Any]:
    body = {"required": True, "content": {"application/json": {"schema": takes}}}
    return {"summary": about, "requestBody": body, "responses": _responses(result, error, events=events)}


def _responses(result: str | None, error: str, *, events: bool) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{result}"} if result else {"type": "object"}
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if events:
        content["text/event-stream"] = {}
    failed = {"application/json": {"schema": {"$ref": f"#/components/schemas/{error}"}}}
    return {
        "200": {"description": "Done.", "content": content},
        "default": {"description": "Refused or failed.", "content": failed},
    }
