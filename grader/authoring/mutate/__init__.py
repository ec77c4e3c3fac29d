"""Faulty variants of the reference solutions, and which of them still get full marks."""
