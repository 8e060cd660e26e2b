"""A command is parsed here, carried out by rag/ and ingest/, and rendered here."""
