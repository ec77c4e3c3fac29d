"""What an author of lessons needs: a new lesson that already passes the structural tests, and the released copy."""
