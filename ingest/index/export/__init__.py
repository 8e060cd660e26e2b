"""Export an index for engines that rank more chunks than one database does.

formats  the choice of a format, and a folder that is there as a whole or not at all
blocks   chunks with their embeddings, a block at a time
arrow    Parquet, and the same batches for others; the only file that knows pyarrow
lance    a LanceDB database; the only file that knows lancedb
vespa    an application package for Vespa, with its feed as JSON lines
guide    the README of an export
"""
