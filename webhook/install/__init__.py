"""The objects that lastcall installs: the webhook configuration and the profiles."""
