"""Read the live API."""
