"""What is about to be created is on the disk before it is."""

from pathlib import Path

from acceptance.journal import Journal, open_journals

FIRST, SECOND = "acceptance-0000000001", "acceptance-0000000002"
ACCOUNT = "111122223333"


def begin(prefix: str, root: Path, region: str = "eu-north-1") -> Journal:
    """Begin a journal."""
    return Journal.begin(prefix, account_id=ACCOUNT, region=region, root=root)


def test_a_note_is_there_for_who_comes_later(tmp_path: Path) -> None:
    """Even where a kill has cut the last one off: what that was for was not created."""
    journal = begin(FIRST, tmp_path)
    journal.note("stack", name="one")
    path = journal.folder / "journal.jsonl"
    assert path.stat().st_mode & 0o077 == 0
    path.write_text(path.read_text() + '{"kind": "stack", "na')
    assert [note["kind"] for note in Journal(journal.folder).notes()] == ["run", "stack"]
    assert Journal(journal.folder).notes()[1]["name"] == "one"


def test_journals_are_open_until_everything_is_removed(tmp_path: Path) -> None:
    """Those of this account and region; the oldest first."""
    first, second, elsewhere = (
        begin(FIRST, tmp_path),
        begin(SECOND, tmp_path),
        begin(f"{SECOND[:-1]}3", tmp_path, "eu-west-1"),
    )
    (tmp_path / "acceptance-of-somebody").mkdir()
    assert [journal.folder for journal in open_journals(ACCOUNT, "eu-north-1", tmp_path)] == [
        first.folder,
        second.folder,
    ]
    first.note("removed")
    assert [journal.folder for journal in open_journals(ACCOUNT, "eu-north-1", tmp_path)] == [second.folder]
    assert [journal.folder for journal in open_journals(ACCOUNT, "eu-west-1", tmp_path)] == [elsewhere.folder]
    assert list(open_journals("000000000000", "eu-north-1", tmp_path)) == []
    assert list(open_journals(ACCOUNT, "eu-north-1", tmp_path / "nowhere")) == []
