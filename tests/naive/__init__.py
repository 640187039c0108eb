"""Slow, obvious twins of the fast kernels, one file a topic."""
