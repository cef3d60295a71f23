"""Programs for the repository; nothing here is shipped."""
