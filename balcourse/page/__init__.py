"""What a lesson shows: figures, claims, the explorer and the live laboratory."""
