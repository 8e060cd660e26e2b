"""The index: what a reindex publishes and a question reads.

build        pages -> chunks -> vectors -> a generation      vectors      reuse, look up in the cache, or embed
generations  publish, open, verify, roll back                locks        one writer; readers' leases
files        names and checksums of the folder's files       cleanup      remove what crashes and old runs left
freshness    whether the index is up to date with the docs
database     DuckDB: pages and chunks                        arrays       memory-mapped vectors, postings, tokens
bm25         lexical search                                  whitening    mean-centring and whitening of embeddings
"""
