"""Which repositories a list names."""

import json

import pytest

from migrator.fleet import FleetError
from migrator.fleet.listing import Repository, read, repository


def test_a_text_list(tmp_path):
    (tmp_path / "with@sign").mkdir()
    listed = tmp_path / "repos.txt"
    listed.write_text(
        "# ours\n\n  one  # the first\nC#/two @v1.0\n/abs/three@main\nwith@sign\none\nhttps://example.org/a/b.git@feature/x\n"
        "git@example.org:a/c.git\ngit@example.org:a/c.git @1.0\r\n"
    )
    assert read(listed) == [
        Repository("one", str(tmp_path / "one")),
        Repository("C#/two", str(tmp_path / "C#/two"), "v1.0"),
        Repository("three", "/abs/three", "main"),
        Repository("with@sign", str(tmp_path / "with@sign")),
        Repository("a/b", "https://example.org/a/b.git", "feature/x"),
        Repository("a/c", "git@example.org:a/c.git"),
        Repository("a/c", "git@example.org:a/c.git", "1.0"),
    ]


def test_whole_paths_are_named_without_what_they_share(tmp_path):
    listed = tmp_path / "repos.txt"
    listed.write_text("/srv/git/a/b\n/srv/git/c\nlocal\n")
    assert [each.name for each in read(listed)] == ["a/b", "c", "local"]


REST = {
    "name": "b",
    "full_name": "a/b",
    "url": "https://api.github.com/repos/a/b",
    "clone_url": "https://github.com/a/b.git",
    "ssh_url": "git@github.com:a/b.git",
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([REST]),
        json.dumps([[REST], []]),
        json.dumps([REST]) + json.dumps([]),
        json.dumps([{"nameWithOwner": "a/b", "url": "https://github.com/a/b.git"}]),
        json.dumps(["https://github.com/a/b.git"]),
    ],
    ids=["rest", "slurped pages", "pages", "gh repo list", "texts"],
)
def test_an_export_of_github(tmp_path, text):
    listed = tmp_path / "org.json"
    listed.write_text(text)
    assert read(listed) == [Repository("a/b", "https://github.com/a/b.git")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# nothing\n", "names no repository"),
        ("[]", "names no repository"),
        ("[1]", "entry 1 has no clone_url"),
        ('[{"name": "b", "url": "https://api.github.com/repos/a/b"}]', "entry 1 has no clone_url"),
        ("[", "not JSON"),
        ('{"a": 1}', "no array"),
    ],
)
def test_what_is_no_list_is_said_in_one_line(tmp_path, text, said):
    listed = tmp_path / "list"
    listed.write_text(text)
    with pytest.raises(FleetError, match=said) as caught:
        read(listed)
    assert "\n" not in str(caught.value) and str(listed) in str(caught.value)


def test_a_password_is_not_shown(tmp_path):
    found = repository("https://me:secret@example.org/a/b@main", tmp_path)
    assert found == Repository("a/b", "https://me:secret@example.org/a/b", "main")
    assert found.shown == "https://example.org/a/b"
    assert repository("ssh://git@example.org/a/b", tmp_path).ref == ""


def test_the_git_folder_of_a_checkout(tmp_path):
    assert repository("file:///srv/a/b/.git", tmp_path) == Repository("a/b", "file:///srv/a/b/.git")
