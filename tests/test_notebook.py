"""Notebooks as Python files: what is read, and that an edit changes nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.cli import main
from migrator.notebook import NotANotebook, Notebook
from migrator.rewrite import Edit
from migrator.source import apply_edits
from rewrites import catalogue

PATH = Path("x.ipynb")


def notebook(*sources, layout=None, ascii_only=True, **metadata) -> bytes:
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [{"text": ["# a\n"]}], "source": source} for source in sources]
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4}, indent=layout, ensure_ascii=ascii_only).encode()


def sources(raw: bytes) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(raw)["cells"]]


# --- what is read


@pytest.mark.parametrize("source", ["%matplotlib inline", "!ls {x}\n", "x = !ls", "y = %who_ls", "x?", "?x", "%cd a b", "!a \\\n  b"])
def test_lines_for_ipython_are_comments(source):
    found = Notebook(PATH, notebook(f"if True:\n    pass\n{source}", "x = 1\n"))
    assert found.unread is None
    compile(found.data, "x", "exec")
    assert found.data.endswith(b"x = 1\n\n")


def test_cells_of_other_languages_are_comments():
    found = Notebook(PATH, notebook("%%html\n  <b>\n", "\n%%bash\npip install x\n", "%%time\nx = 1\n"))
    assert found.data == b"0#%%html\n0#  <b>\n#\n#\n0#%%bash\n0#pip install x\n#\n0#%%time\nx = 1\n\n"


def test_lines_of_python_that_look_like_it_are_none():
    text = 'x = (5\n% 2)\ny = """\n!ls\n%time\n"""\nif x:\n    !ls\n'
    found = Notebook(PATH, notebook(text))
    assert found.data.decode() == text.replace("    !ls", "    0#!ls") + "\n"
    assert [command for _, command in found.commands] == ["!ls"]


def test_what_time_runs_is_python():
    found = Notebook(PATH, notebook("%time y = f(x)\n%timeit -n 3 f(x)\n"))
    assert found.data == b"0;y = f(x)\n0#%timeit -n 3 f(x)\n\n"


def test_a_cell_that_is_no_python_leaves_the_whole_notebook(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(notebook("from torch.cuda.amp import autocast", "print 'x'\nautocast(True)"))
    before = (tmp_path / "a.ipynb").read_bytes()
    result = CliRunner().invoke(main, ["migrate", str(tmp_path)], obj=catalogue)
    assert result.exit_code == 0 and "a.ipynb: not Python 3 (cell 2): left as it is" in result.stderr
    assert (tmp_path / "a.ipynb").read_bytes() == before


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"cells": 1}', b'{"worksheets": []}', b"\xff\xfe{}", b'{"cells": []} x', b"[" * 9_999])
def test_what_is_no_notebook_is_said_in_one_line(raw, tmp_path):
    with pytest.raises(NotANotebook):
        Notebook(PATH, raw)
    (tmp_path / "a.ipynb").write_bytes(raw)
    result = CliRunner().invoke(main, ["migrate", str(tmp_path)], obj=catalogue)
    assert result.exit_code == 0 and "left as it is" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("cell", [1, {}, {"cell_type": "code"}, {"cell_type": "code", "source": 3}, {"cell_type": "code", "source": [1]}])
def test_odd_cells_are_passed_over(cell):
    raw = json.dumps({"cells": [cell, {"cell_type": "code", "source": []}, {"source": "x = 1", "cell_type": "code"}]}).encode()
    assert Notebook(PATH, raw).data == b"x = 1\n"


def test_other_languages_and_checkpoints_are_left(tmp_path):
    for kernel in ({"language_info": {"name": "julia"}}, {"kernelspec": {"language": "R"}}):
        assert Notebook(PATH, notebook("from torch.cuda.amp import autocast", **kernel)).data == b""
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "a.ipynb").write_bytes(notebook("from torch.cuda.amp import autocast"))
    result = CliRunner().invoke(main, ["migrate", str(tmp_path), "--check"], obj=catalogue)
    assert result.exit_code == 0


# --- edits

LINE = st.text(alphabet='ab "\\\té\u2028😀', max_size=6).map(lambda text: "#" + text + "\n")
CELL = st.lists(LINE, min_size=1, max_size=4).map("".join)
NEW = st.lists(st.sampled_from(["x", '"', "\\", "é", "😀", "\n#"]), max_size=5).map("".join)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_an_edit_changes_the_python_as_it_does_in_a_file_and_nothing_else(data):
    cells = data.draw(st.lists(CELL, min_size=1, max_size=3))
    cells = [text.rstrip("\n") if data.draw(st.booleans()) else text for text in cells]
    stored = [text if data.draw(st.booleans()) else text.replace("\n", "\n\0").split("\0") for text in cells]
    raw = notebook(*stored, layout=data.draw(st.sampled_from([None, 1, 4])), ascii_only=data.draw(st.booleans()))
    before = Notebook(PATH, raw)
    at, edits = 0, []
    chosen = data.draw(st.integers(0, len(cells) - 1))
    for index, text in enumerate(cells):
        if index == chosen:
            first = data.draw(st.integers(1, len(text)))  # after the "#", so that it is a comment whatever comes
            last = data.draw(st.integers(first, len(text)))
            if text[first - 1 : first] == "\n":
                first = last = 1
            start = at + len(text[:first].encode())
            edits.append(Edit(start, at + len(text[:last].encode()), data.draw(NEW).encode()))
        at += len(text.encode()) + 1
    after = before.edited(edits)
    assert after.data == apply_edits(before.data, edits)
    old, new = sources(raw), sources(after.raw)
    assert [text for i, text in enumerate(old) if i != chosen] == [text for i, text in enumerate(new) if i != chosen]
    whole, same = json.loads(raw), json.loads(after.raw)
    for cell in (whole["cells"][chosen], same["cells"][chosen]):
        cell["source"] = ""
    assert same == whole
    place = raw.index(json.dumps(stored[chosen], ensure_ascii=raw.isascii())[:1].encode(), raw.index(b'"source"'))
    assert after.raw[:place] == raw[:place]


@pytest.mark.parametrize(
    "old, edit, new",
    [
        (["a = 1\n", "b = 2\n", "c = 3"], Edit(6, 12, b""), ["a = 1\n", "c = 3"]),
        (["a = 1\n", "b = 2\n", "c = 3"], Edit(12, 18, b""), ["a = 1\n", "b = 2\n"]),
        (["a = 1\n", "b = 2"], Edit(0, 6, b"x\ny\n"), ["x\n", "y\n", "b = 2"]),
        (["a = 1\n", "b = 2"], Edit(6, 11, b"x\n"), ["a = 1\n", "x\n"]),
        (["a = 1\n", "b = 2"], Edit(6, 12, b"x\n"), ["a = 1\n", "x"]),
        (["a = 1\n", "b = 2"], Edit(6, 6, b"x\n"), ["a = 1\n", "x\n", "b = 2"]),
        (["a = 1"], Edit(4, 5, b"(\n    1\n)"), ["a = (\n", "    1\n", ")"]),
        (["a = 1\n", "b = 2"], Edit(5, 5, b"\nx = 1"), ["a = 1\n", "x = 1\n", "b = 2"]),
    ],
)
@pytest.mark.parametrize("layout", [None, 1])
def test_lines_stay_one_string_each(old, edit, new, layout):
    assert Notebook(PATH, notebook(old, layout=layout)).edited([edit]).raw == notebook(new, layout=layout)


def test_edits_across_cells_and_in_shell_lines_are_refused():
    found = Notebook(PATH, notebook("a = 1\n!ls\n", "b = 2\n"))
    text = found.data
    assert found.can_edit([Edit(0, 5, b"")])
    assert not found.can_edit([Edit(0, text.index(b"ls") + 1, b"")])
    assert not found.can_edit([Edit(2, text.index(b"b"), b"")])
    assert not found.can_edit([Edit(0, text.index(b"2"), b"")])


def test_bom_and_what_follows_the_json_stay():
    raw = b"\xef\xbb\xbf" + notebook("a = 1") + b"\r\n\r\n"
    assert Notebook(PATH, raw).edited([Edit(4, 5, b"2")]).raw == raw.replace(b"a = 1", b"a = 2")


def test_findings_name_the_cell_and_the_line_of_the_file(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(notebook(["x = 1\n"], ["y = 1\n", "!pip uninstall -y torch\n"], layout=1))
    result = CliRunner().invoke(main, ["migrate", str(tmp_path)], obj=catalogue)
    line = (tmp_path / "a.ipynb").read_text().splitlines().index('    "!pip uninstall -y torch\\n"') + 1
    assert f"a.ipynb:{line}: [notebook-torch-install] cell 2: uninstalls torch" in result.stderr
