"""What an author of lessons uses: `grader lesson new`, `lint`, `prove`, `mutate` and `source`."""
