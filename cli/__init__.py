"""The command line.

start     the entry point of both scripts    main          the commands and their options
evaluation  the commands that measure        evaluation_options  types of their options
options   types of options                   context       settings, the index, input
failures  errors and exit codes              usage_errors  typer's errors and hints in plain words
terminal  what may reach a terminal          contradictions  options that exclude each other
markdown_view  answers on a terminal       once_a_day      notes that are shown once a day
examples  what each help page ends with     commands        one file per command
find_gaps  the gaps of a log, for two commands   serve  HTTP, OpenAI's API and MCP
"""
