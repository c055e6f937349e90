"""What the speed comes from: work that is not done. Counted, never timed."""

from migrator import Config, plan, project
from migrator.project import Project
from migrator.source import SourceFile, find_word


def test_a_file_without_a_trigger_word_is_not_parsed(tmp_path, monkeypatch):
    (tmp_path / "plain.cpp").write_text("int add(int a, int b) { return a + b; }\n")
    (tmp_path / "legacy.cpp").write_text("void f(at::Tensor x) { AT_CHECK(x.defined()); }\n")
    parsed = []

    def counted(file, *left, parse=project.parse_tree):
        parsed.append(file.path.name)
        return parse(file, *left)

    monkeypatch.setattr(project, "parse_tree", counted)
    plan([tmp_path], config=Config())
    assert "legacy.cpp" in parsed
    assert "plain.cpp" not in parsed


def test_what_is_parsed_once_is_not_parsed_again_until_it_changes(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / f"{name}.cpp").write_text(f"int {name};\n")
    files = Project.load([tmp_path])
    a, b, c = files.files
    parsed = []

    def counted(file, left=None, parse=project.parse_tree):
        if left is None:
            parsed.append(file.path.name)
        return parse(file, left)

    monkeypatch.setattr(project, "parse_tree", counted)
    monkeypatch.setattr(project, "HELD_BYTES", 1)
    for path in [*files.files, *files.files]:
        assert [leaf.text for leaf in files.tree(path).names({path.stem})] == [path.stem]
    assert parsed == ["a.cpp", "b.cpp", "c.cpp"] and list(files._trees) == [c]
    files.update(a, SourceFile(a, b"int changed;\n"))
    assert [leaf.start for leaf in files.tree(a).names({"changed"})] == [4]
    assert parsed == ["a.cpp", "b.cpp", "c.cpp", "a.cpp"]
    monkeypatch.setattr(project, "PARSED_BYTES", 0)
    files.tree(b)
    files.tree(a)
    assert not files._parsed and files._parsed_bytes == 0


def test_the_index_of_words_follows_the_edits(tmp_path):
    a, b, c = (tmp_path / name for name in ("a.cpp", "b.cpp", "c.cpp"))
    a.write_text("int one;\n")
    b.write_text("int two; // one\n")
    c.write_text("#define one 1\nint one_more;\n")
    files = Project.load([tmp_path])
    assert list(files.with_word("one")) == [a, b, c]
    assert files.macros("one") == [(c, 0)]
    files.update(a, SourceFile(a, b"int three;\n"))
    assert list(files.with_word("one")) == [b, c]
    assert list(files.with_word("three")) == [a]
    files.update(a, SourceFile(a, b"#define one 2\n"))
    assert list(files.with_word("one")) == [a, b, c]
    assert files.macros("one") == [(a, 0), (c, 0)]


def test_words_are_found_whole():
    assert find_word(b"one one_more (one) none one", b"one") == [0, 14, 24]
