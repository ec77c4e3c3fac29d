"""From what learners hand in to submitted/: the exchange, platforms' downloads, and which notebook is meant."""
