"""Makes the README's pictures: what the demo prints, the architecture, the dashboard."""
