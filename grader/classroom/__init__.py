"""Many submissions: the instructor's workspace, nbgrader's steps in it, and what comes out. See README.md."""
