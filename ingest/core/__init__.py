"""Shared base of all packages; imports none of them.

records    pages, documents, chunks       errors   message, hint, code, exit status
defaults   values used where nothing is configured
profiles   named choices of models
settings   option > environment > config > default
urls       normalization of addresses     atomic   write a file whole or not at all
deadline   one time limit over everything a question waits for
parallel  work through a list with several threads     budget   what a run may cost
paths    error descriptions for unusable paths
json_values   typed reads of untrusted values     retry_after   how long a server asks to wait
"""
