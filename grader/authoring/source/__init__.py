"""A lesson's source: a new one from a template, its notebook as plain text and back, and the outputs that it keeps."""
