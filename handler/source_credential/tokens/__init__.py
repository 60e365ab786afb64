"""From a secret to a token that may be imported."""
