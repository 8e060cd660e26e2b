"""An index in a Postgres database with pgvector. See README.md here for the tables, roles, and notes for operators.

index         generations: current, names, roll back, clean up, the writer's lock
connection    connections and their failures; the only file that knows psycopg
schema        the tables                 page_rows    rows of a search -> chunks of the database
writer        publish a generation       reader       one generation, opened for reading
postings      words: packed by page, weighed by BM25    recent    what the last searches read
search        the first stage of a search: all scores, computed in SQL
nearest       the same over many chunks: an HNSW index finds the nearest
"""
