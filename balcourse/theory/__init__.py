"""What is predicted: theory takes the same parameter objects as the simulations."""
