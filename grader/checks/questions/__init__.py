"""The questions behind the checks, one module a theme. Each is asked with a trial and returns what it observed."""
