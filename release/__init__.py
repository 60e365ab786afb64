"""Makes a release: version, changelog, commit, tag, and the files that people download."""
