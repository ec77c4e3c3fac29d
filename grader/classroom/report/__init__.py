"""The page about a lesson: what is read, what is counted, what is drawn, and the page itself."""
