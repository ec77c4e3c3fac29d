"""Proofs that an exercise is sound: each answer runs on a real engine; its verdict is held against what was meant."""
