"""Yiju: answers patients' questions with a clinic's own published words, verbatim."""

__version__ = "0.1.0"
