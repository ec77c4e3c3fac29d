"""The course kernel: a Python kernel that is attached to its workspace's session, with a few magics."""
