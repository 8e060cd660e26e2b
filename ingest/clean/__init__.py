"""A page as it is served -> a document: find the content, drop the chrome, render markdown."""
