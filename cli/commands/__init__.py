"""One file or room per command; `*_output` prints what a command found.

ask            answer questions
reindex        update the index                 change_log      write what changed in the docs
inspect        retrieved chunks and pages       inspect_output  print them
page_address   where a page or file is          measure         eval, impact, gaps, replay
export         the index for other engines      serve           serve, mcp
status, doctor, models
"""
