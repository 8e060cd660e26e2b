"""The index: what a reindex publishes and a question reads.

base         IndexReader, IndexWriter, IndexStore: what every store offers
stores       the store of an address            folder       an index in a folder
postgres     an index in a Postgres database    export       an index as Parquet, LanceDB or Vespa
build        pages -> chunks -> vectors -> a generation      previous     the generation that a reindex starts from
spool        the chunks of a build, in a temporary file
vectors      reuse embeddings, look them up, or make them    whitening    mean-centring and whitening of embeddings
question_token  the mean token vector of questions
sections     the sections of chunks, and the questions that a model wrote for them
postings     count the terms of texts        bm25         lexical search
first_stage  score all chunks, select the best
freshness    when the docs were last compared                starter      the shipped index of the starter pages
page_lookup  find a page by what people call it
"""
