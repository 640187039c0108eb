"""What is read off a run: plain arrays in, numbers out."""
