"""Adapt an encoder to a field or to one clinic's texts, and pack the result into one small file.

Needs torch and sentence-transformers; nothing here is imported by serving.
"""
