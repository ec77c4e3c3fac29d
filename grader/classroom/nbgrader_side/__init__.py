"""What nbgrader is configured with: its converters stay; these parts bring examinations, marks and facts into them."""
