"""What kernels, lessons and terminals know about their workspace's session."""
