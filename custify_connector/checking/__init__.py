"""Values and how they are judged: JSON, JSON Schema, YAML, secrets, and the words for a fault."""
