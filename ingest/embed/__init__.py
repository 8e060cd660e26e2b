"""Texts -> vectors.

base      the protocol                     registry       an embedder by its name
minilm    the bundled model                bert           its forward pass in numpy
local     sentence-transformers            loading        its models, by name or folder, of any kind
hashing   sparse vectors made dense        remote         embeddings through the API
workers   passages embedded by several processes         ray_workers  … by the actors of a Ray cluster
added     another embedder next to the bundled one        late_model   late interaction by a model made for it
cross_encoder   whether one text entails another
cache     vectors by text and model        token_vectors  compact token embeddings
"""
