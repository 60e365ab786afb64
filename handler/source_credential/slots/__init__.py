"""Who has which of CodeBuild's slots, and how CodeBuild comes to hold what it should."""
