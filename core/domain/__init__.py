"""What is true and what follows from it (pure: the standard library and pydantic)."""
