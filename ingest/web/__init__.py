"""A source -> its pages as they are served: discover, fetch, follow links, collapse addresses."""
