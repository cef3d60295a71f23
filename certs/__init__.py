"""The certificate controller: issues, publishes and renews what the webhook serves with."""
