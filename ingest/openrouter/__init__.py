"""The client of OpenRouter-compatible APIs.

client            requests, keys, base URL        retry      back-off and Retry-After
error_responses   error bodies -> ModelError      catalog    available models, limits of the key
"""
