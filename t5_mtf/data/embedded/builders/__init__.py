"""Builders of the embedded files; each gives rows by dataset and split."""
