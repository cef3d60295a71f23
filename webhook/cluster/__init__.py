"""The live API, read only."""
