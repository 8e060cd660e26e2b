"""An index in a folder: generations of files, and a pointer to the current one.

index        the folder as an IndexStore       generations  publish, open, verify, roll back
files        names and checksums of all files  locks        one writer; readers' leases
cleanup      remove what crashes and old runs left
database     the reader: search over the arrays; DuckDB for the rest
questions    the questions that a model wrote for sections
arrays       memory-mapped vectors and postings; records of chunks, pages and token vectors
records      records of bytes in one file, each with its checksum
"""
