"""The command line.

start     where both scripts begin       main      the commands and their options
options   types of options               context   settings, the index, input
failures  errors and exit codes          terminal  what may reach a terminal
commands  one file per command
"""
