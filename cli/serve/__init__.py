"""The docs over HTTP and MCP, from one process. Nothing here is imported by `ask`; it needs `askdocs[serve]`.

options      what the operator chose                      app        the routes and what wraps them
connections  time limits of slow clients
security     Host, Origin, token, content type, headers   limits     requests a minute, concurrency, money a day
service      questions off the event loop: on threads, or in worker processes
answerer     an open index that answers        workers    processes with one each
documents    answers, passages, pages and the status as JSON
events       an answer piece by piece, from a thread or a process to the event loop
api          /api/search, /api/ask, /api/page, /api/status, /api/feedback, /healthz
openapi      /openapi.json                                 openai_api /v1/models, /v1/chat/completions
web/         the page at / and the widget                  mcp/      MCP over HTTP and stdio
"""
