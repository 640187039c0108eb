"""What is simulated: one file a model, its parameters beside its kernel."""
