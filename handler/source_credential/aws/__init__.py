"""One adapter for each AWS service, and AWS's errors in our words."""
