"""What kernels, lessons and terminals know of the session of their workspace."""
