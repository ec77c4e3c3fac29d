"""Writes the shop's page, index.html, with the word that is given on the command line."""

import sys
from pathlib import Path

word = sys.argv[1]
Path("index.html").write_text(f"<h1>Mara's shop</h1>\n<p>Seal: {word}</p>\n")
