"""The client of OpenRouter-compatible APIs.

client            requests, keys, base URL        retry      back-off and Retry-After
error_responses   what went wrong, and a hint     catalog    the models on offer
"""
