"""The reference page and the contract say the same."""

import json

from local import reference
from local.ministack import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_property_table_is_made_from_the_contract() -> None:
    """`python -m local.reference` would change nothing."""
    page = reference.PAGE.read_text(encoding="utf-8")
    assert reference.made(page) == page


def test_the_readme_names_every_property() -> None:
    """None is left out of the short table."""
    schema = json.loads((PROJECT / "handler/source_credential/contract/source_credential.schema.json").read_text())
    assert [name for name in schema["properties"] if name != "Token" and f"`{name}`" not in README] == []
