"""What tells whether a picture is of what it was made of."""

import hashlib
import json


def digest(content: object) -> str:
    """Return what tells this content from any other. It is written into the picture that is made of it."""
    return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
