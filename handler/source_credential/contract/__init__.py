"""What a template may say: the schema, and what the provider makes of properties that keep to it."""
