"""A LlamaIndex LLM that calls tools, on a llama.cpp server; grammars fix what it says, one for each step.

llama.cpp takes no grammar for a request that has tools, so that the tool call is written as text, and read here.
"""

import asyncio
import json
import urllib.request
from collections.abc import Sequence
from typing import Any

from llama_index.core.llms import ChatMessage, ChatResponse, LLMMetadata, MessageRole
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import BaseTool

TIMEOUT = 120.0
"""Seconds for one completion."""


class GrammarLlm(FunctionCallingLLM):
    """Calls the tool that `call` forces until a tool has answered; then says what `said` forces."""

    url: str
    call: str
    said: str

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=2048, model_name="smollm2", is_chat_model=True, is_function_calling_model=True
        )

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],  # noqa: ARG002 - the names are LlamaIndex's
        user_msg: Any = None,  # noqa: ARG002
        chat_history: Any = None,
        **_: Any,
    ) -> dict[str, Any]:
        return {"messages": list(chat_history or [])}

    async def achat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponse:
        return await asyncio.to_thread(self.chat, messages)

    def chat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponse:
        is_answered = any(message.role == MessageRole.TOOL for message in messages)
        roles = {MessageRole.TOOL: "user"}
        body = {
            "messages": [
                {"role": roles.get(one.role, one.role.value), "content": one.content or ""} for one in messages
            ],
            "grammar": self.said if is_answered else self.call,
            "max_tokens": 100,
            "temperature": 0,
        }
        request = urllib.request.Request(
            f"{self.url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            text = json.load(response)["choices"][0]["message"]["content"]
        return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=text))

    def get_tool_calls_from_response(self, response: ChatResponse, **_: Any) -> list[ToolSelection]:
        try:
            found = json.loads(response.message.content or "")
            return [ToolSelection(tool_id="1", tool_name=found["name"], tool_kwargs=found["arguments"])]
        except (ValueError, TypeError, KeyError):
            return []

    def complete(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    acomplete = stream_complete = astream_complete = stream_chat = astream_chat = complete
