"""Writing a destination: from its plan to one receipt a record."""
