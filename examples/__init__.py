"""What to look at first: manifests, and the demo."""
