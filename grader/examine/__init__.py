"""Grading one submission: what comes in (`job`), what comes out (`examination`), and what happens between."""
