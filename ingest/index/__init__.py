"""The index: what a reindex publishes and a question reads.

base         IndexReader, IndexWriter, IndexStore: what every store offers
stores       the store of an address            folder       an index in a folder
build        pages -> chunks -> vectors -> a generation      previous     the generation that a reindex starts from
vectors      reuse embeddings, look them up, or make them    generations  publish, open, verify, roll back
files        names and checksums of the folder's files       locks        one writer; readers' leases
cleanup      remove what crashes and old runs left           freshness    when the docs were last compared
database     the store: DuckDB, and search over the arrays   arrays       memory-mapped vectors, postings, tokens
first_stage  score all chunks, select the best               bm25         lexical search
postgres     an index in a Postgres database     export       an index as Parquet, LanceDB or Vespa
whitening    mean-centring and whitening of embeddings       starter      the shipped index of the starter pages
"""
