"""The client of OpenRouter-compatible APIs.

client            requests, keys, base URL        retry      back-off and Retry-After
error_responses   what went wrong, and a hint     deadline   one time limit over everything a question waits for
catalog           the models on offer
"""
