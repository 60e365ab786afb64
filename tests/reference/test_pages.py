"""The pages are as they are made, their links lead somewhere, and the CLI's table has every option."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from botocore import xform_name
from botocore.session import Session
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin

from local.ministack import PROJECT
from local.provider import TOOLS
from reference import examples
from reference.contract import Contract

LISTED = subprocess.run(
    ["/usr/bin/env", "git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    cwd=PROJECT,
    capture_output=True,
    text=True,
    check=True,
).stdout.split()
PAGES = sorted({PROJECT / name for name in LISTED if (PROJECT / name).exists()})
REFERENCE = PROJECT / "docs/reference.md"

# What the AWS CLI has in its second version only; version 1 is what is here to be asked.
OF_VERSION_2 = {"cli-input-yaml", "no-cli-pager", "cli-auto-prompt", "no-cli-auto-prompt", "cli-binary-format"}
OF_EVERY_OPERATION = {"cli-input-json", "generate-cli-skeleton"}


def checked(page: Path) -> subprocess.CompletedProcess[str]:
    """Check a page as `make check` does."""
    make = ["/usr/bin/env", "make", "--silent", "--no-print-directory", "check-pages", f"PAGES={page}"]
    return subprocess.run(make, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_a_page_that_is_stale_fails_the_check(tmp_path: Path) -> None:
    """The page as it is passes. With one word of a made part changed it does not, and it is told what to do."""
    page = tmp_path / "reference.md"
    shutil.copy(REFERENCE, page)
    assert checked(page).returncode == 0
    page.write_text(page.read_text().replace("*Required*: Yes", "*Required*: Perhaps", 1))
    failed = checked(page)
    assert failed.returncode != 0
    assert "Run make reference" in failed.stdout + failed.stderr
    assert "-*Required*: Perhaps" in failed.stdout


@cache
def tokens(page: Path) -> list[Token]:
    """Return what is on a page, with the anchors that GitHub gives its headings."""
    found: list[Token] = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).use(anchors_plugin, max_level=6).parse(page.read_text()):
        found += [token, *(token.children or [])]
    return found


def targets(page: Path) -> Iterator[str]:
    """Yield what the links and pictures of a page lead to."""
    for token in tokens(page):
        target = token.attrGet("href") or token.attrGet("src")
        if token.type in {"link_open", "image"} and target:
            yield str(target)
        if token.type in {"html_block", "html_inline"}:
            yield from re.findall(r'(?:href|src|srcset)="([^"]+)"', token.content)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page."""
    return {str(token.attrGet("id")) for token in tokens(page) if token.type == "heading_open"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_leads_to_a_file_and_every_anchor_to_a_heading(page: Path) -> None:
    """Of all pages of the repository; addresses elsewhere are not asked."""
    broken = []
    for target in targets(page):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def options_of_the_cli() -> set[str]:
    """Return every option of `aws codebuild import-source-credentials`: the operation's, and those of every command."""
    shape = Session().get_service_model("codebuild").operation_model("ImportSourceCredentials").input_shape
    assert shape is not None
    own = {xform_name(name, "-") for name in shape.members}
    [data] = (TOOLS.parent / "lib").glob("python*/site-packages/awscli/data/cli.json")
    return {*own, "no-should-overwrite", *json.loads(data.read_text())["options"], *OF_EVERY_OPERATION, *OF_VERSION_2}


def rows_of_the_cli() -> dict[str, str]:
    """Return what the reference's table has for each option."""
    text = REFERENCE.read_text()
    section = text[text.index("\n## From the AWS CLI\n") : text.index("\n### A skeleton\n")]
    rows = re.findall(r"^\| (`--.*?) \| (.*) \|$", section, re.MULTILINE)
    return {option: here for options, here in rows for option in re.findall(r"`--([a-z0-9-]+)`", options)}


def test_the_table_has_every_option_of_the_cli_and_no_other() -> None:
    """Option by option, those that are for every command too."""
    assert rows_of_the_cli().keys() == options_of_the_cli()


def test_the_table_and_the_contract_name_the_same_properties_for_an_option() -> None:
    """What x-cli-option says is what the table says."""
    rows = rows_of_the_cli()
    for each in Contract().usable:
        if each.cli_option:
            assert f"`{each.name}`" in rows[each.cli_option.removeprefix("--")]


def test_an_example_is_listed_with_its_own_description(tmp_path: Path) -> None:
    """Also where it is in a folder of its own, has AWS's tags, or says nothing of itself."""
    folder = tmp_path / "examples"
    (folder / "more").mkdir(parents=True)
    (folder / "b.yaml").write_text("Description: >-\n  What\n  it does.\nResources: !Ref x\n")
    (folder / "more/a.yaml").write_text("Resources: {}\n")
    assert (
        examples.listed(folder)
        == "- [b.yaml](../examples/b.yaml): What it does.\n- [more/a.yaml](../examples/more/a.yaml)"
    )
