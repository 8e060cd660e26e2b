"""Docs in, an index out: everything before a question is asked. The rooms, in the order of the flow.

core        records, errors, settings, URLs, atomic writes: imports nothing of ours
text        markdown, sentences, terms, front matter, unsafe characters: pure
openrouter  the client of OpenRouter-compatible APIs: retry, deadline, error responses, catalog
crawl       a URL -> pages as they are served
clean       a page as served -> a markdown document
docs        the folder of markdown pages: read, compare, write
chunk       a page -> chunks
embed       texts -> vectors
index       what a reindex publishes and a question reads
reindex     the pipeline that runs all of it in order
"""
