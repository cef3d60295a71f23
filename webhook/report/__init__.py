"""Output for people: tables, charts and pages."""
