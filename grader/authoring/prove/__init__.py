"""The proofs of a lesson on an engine: its untouched starters, its reference solutions, its right and wrong answers."""
