"""What every part knows; imports nothing of ours.

records    pages, documents, chunks       errors   message, hint, code, exit status
settings   option > environment > config > default
urls       normalization of addresses     atomic   write a file whole or not at all
"""
