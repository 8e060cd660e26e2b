"""What every part knows; imports nothing of ours.

records    pages, documents, chunks       errors   message, hint, code, exit status
defaults   what is assumed where nothing is configured
settings   option > environment > config > default
urls       normalization of addresses     atomic   write a file whole or not at all
deadline   one time limit over everything a question waits for
paths    what is wrong with a path
json_values   untrusted values as the type that is wanted     retry_after   how long a server asks to wait
"""
