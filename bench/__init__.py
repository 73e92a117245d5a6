"""Measurements, each behind a command: ``python -m bench`` runs them side by side; results go to ``bench/results/``."""
