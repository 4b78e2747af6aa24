"""Reading a source: from its plan to batches with a state."""
