"""Configuration: what it changes, where it is found, and what is said of mistakes in it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from migrator import Config, PlanError, plan
from migrator.cli import main
from migrator.config import _KEYS, _REWRITE_KEYS, ConfigError, _parse, find, load
from migrator.globs import matches
from rewrites import catalogue

SCHEMA = json.loads((Path(__file__).parent.parent / "docs/schemas/cuport-config.schema.json").read_text())
OLD = "#include <ATen/ATen.h>\nvoid f(at::Tensor x) {\n  AT_CHECK(x.type().is_cuda());\n}\n"
EVERYTHING = """\
target = "2.13"
min-torch = "2.4"
select = ["at-check", "thc", "our-check"]
ignore = ["thc-state"]
exclude = ["third", "csrc/gen/*"]
dispatch-macros = ["OUR_DISPATCH"]
unsafe-fixes = false
only-broken = true

[per-file-ignores]
"csrc/old/*" = ["at-check"]
"*.cuh" = "thc"

[[rewrite]]
name = "our-check"
pattern = "OUR_CHECK($x)"
to = "TORCH_CHECK($x)"
include = "c10/util/Exception.h"
why = "Ours does the same."
"""


def cuport(*args):
    return CliRunner().invoke(main, ["migrate", "--allow-no-vcs", *map(str, args)], obj=catalogue)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "csrc/old").mkdir(parents=True)
    for name in ("csrc/op.cu", "csrc/old/op.cu"):
        (tmp_path / name).write_text(OLD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def changed(*args) -> dict[str, set[str]]:
    """Files that change -> the rules that change them."""
    result = cuport(".", "--check", "--format", "json", *args)
    assert result.exit_code in (0, 1), result.stderr
    return {f["path"]: {c["rule"] for c in f["changes"]} for f in json.loads(result.stdout)["files"]}


def test_everything_is_read_and_documented(tmp_path):
    (tmp_path / "cuport.toml").write_text(EVERYTHING)
    found = load(tmp_path / "cuport.toml")
    assert (found.target, found.min_torch, found.only_broken, found.unsafe_fixes) == ("2.13", "2.4", True, False)
    assert found.per_file_ignores == {"csrc/old/*": ("at-check",), "*.cuh": ("thc",)}
    assert found.rewrite[0].include == ("c10/util/Exception.h",)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    value = _parse(Path("cuport.toml"), EVERYTHING.encode())
    jsonschema.validate(value, SCHEMA)
    assert set(value) == set(SCHEMA["properties"]) == set(_KEYS)
    assert set(value["rewrite"][0]) == set(SCHEMA["properties"]["rewrite"]["items"]["properties"]) == set(_REWRITE_KEYS)


@pytest.mark.parametrize("name", ["pyproject.toml", "cuport.toml"])
def test_found_above_the_path(folder, name):
    head = "[tool.cuport]\n" if name == "pyproject.toml" else ""
    (folder / name).write_text(head + 'select = ["at-check"]\n')
    assert changed() == {"csrc/op.cu": {"at-check"}, "csrc/old/op.cu": {"at-check"}}
    assert find([Path("csrc/old/op.cu")]) == folder / name
    assert changed("--select", "type-method") == {"csrc/op.cu": {"type-method"}, "csrc/old/op.cu": {"type-method"}}
    assert changed("--no-config")["csrc/op.cu"] == {"at-check", "type-method"}


def test_not_found_above_the_repository_nor_where_nothing_is_said(folder):
    (folder / "cuport.toml").write_text('select = ["thc"]\n')
    (folder / "csrc/pyproject.toml").write_text('[project]\nname = "cuport-user"\n')
    (folder / "csrc/.git").mkdir()
    assert find([folder / "csrc/old"]) is None and find([folder]) == folder / "cuport.toml"


def test_ignored_in_some_files(folder):
    (folder / "cuport.toml").write_text('[per-file-ignores]\n"csrc/old" = ["at-check"]\n')
    assert changed() == {"csrc/op.cu": {"at-check", "type-method"}, "csrc/old/op.cu": {"type-method"}}


def test_an_ignore_for_files_that_are_not_there(folder):
    (folder / "cuport.toml").write_text('[per-file-ignores]\n"src/old" = ["at-check"]\n"csrc/old" = ["at-check"]\n')
    said = [line for line in cuport(".", "--check").stderr.splitlines() if line.startswith("cuport:")]
    assert len(said) == 1 and "cuport.toml: per-file-ignores: no file is 'src/old'; take it away" in said[0]
    assert "per-file-ignores" not in cuport("csrc/op.cu", "--check").stderr


def test_excluded(folder):
    (folder / "cuport.toml").write_text('exclude = ["old"]\n')
    assert set(changed()) == {"csrc/op.cu"}
    result = cuport("csrc/old/op.cu", "--check")
    assert result.exit_code == 0 and "csrc/old/op.cu: left out" in result.stderr


def test_releases(folder):
    (folder / "csrc/op.cu").write_text("#include <ATen/ATen.h>\n#include <THC/THC.h>\nint f(int n) { return THCCeilDiv(n, 2); }\n")
    (folder / "cuport.toml").write_text('min-torch = "1.5"\n')
    cuport("csrc/op.cu")
    assert "at::cuda::ATenCeilDiv(n, 2)" in (folder / "csrc/op.cu").read_text()


def test_a_rewrite_as_data(folder):
    (folder / "cuport.toml").write_text(EVERYTHING[EVERYTHING.index("[[rewrite]]") :])
    (folder / "csrc/op.cu").write_text("#include <vector>\n// OUR_CHECK(x)\nvoid f(bool b) {\n  OUR_CHECK(b);  // cuport\n}\n")
    new = "#include <vector>\n#include <c10/util/Exception.h>\n// OUR_CHECK(x)\nvoid f(bool b) {\n  TORCH_CHECK(b);  // cuport\n}\n"
    assert cuport("csrc/op.cu").exit_code == 0
    assert (folder / "csrc/op.cu").read_text() == new
    assert "0 changed" in cuport("csrc/op.cu").stderr


def test_a_macro_that_dispatches(folder):
    source = "#include <ATen/ATen.h>\nvoid f(at::Tensor x) {\n  OUR_DISPATCH(x.type(), [&] { g<scalar_t>(x); });\n}\n"
    (folder / "csrc/op.cu").write_text(source)
    assert "csrc/op.cu" not in changed("--select", "dispatch-on-type")
    (folder / "cuport.toml").write_text('dispatch-macros = ["OUR_DISPATCH"]\n')
    cuport("csrc/op.cu", "--select", "dispatch-on-type")
    assert (folder / "csrc/op.cu").read_text() == source.replace("type()", "scalar_type()")


REWRITE = '[[rewrite]]\nname = "x"\npattern = "F($a)"\nto = "G($a)"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("targt = '2.15'", "knows no key 'targt'; did you mean target?"),
        ("min_torch = '2.4'", "did you mean min-torch?"),
        ("zzz = 1", "known are target, min-torch"),
        ("target = 2.15", 'target has to be a release in quotes, such as "2.15"'),
        ("target = 'new'", "--target: 'new' is not a release number"),
        ("select = 'thc'", "select has to be a list of texts"),
        ("select = ['at-chek']", "no rewrite is called at-chek; did you mean at-check?"),
        ("only-broken = 1", "only-broken has to be true or false"),
        ("dispatch-macros = ['a b']", "'a b' is not the name of a macro"),
        ("[per-file-ignores]\n'*' = 3", "has to be a list of texts"),
        ("target = ", "not TOML"),
        (REWRITE.replace("name", "nam"), "rewrite 1 has no name"),
        (REWRITE + "wy = 'x'", "rewrite 1 knows no key 'wy'; did you mean why?"),
        (REWRITE + REWRITE, "the name x is there twice"),
        (REWRITE.replace('"x"', '"at-check"'), "rewrite at-check is one of cuport's own names"),
        (REWRITE.replace("F($a)", "$a + 1"), "is not one C++ expression"),
        (REWRITE.replace("F($a)", "F($a"), "is not one C++ expression"),
        (REWRITE.replace("G($a)", "G($b)"), "$b is not in the pattern"),
        (REWRITE.replace("G($a)", "F(F($a))"), "matches the pattern again"),
        ("rewrite = 'x'", "has to be written as [[tool.cuport.rewrite]]"),
    ],
    ids=lambda value: None if " " not in value else value.split("\n")[0][:30],
)
def test_one_line_for_a_mistake(folder, text, words):
    (folder / "cuport.toml").write_text(text + "\n")
    result = cuport("csrc")
    assert result.exit_code == 2 and words in result.stderr and len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert (folder / "csrc/op.cu").read_text() == OLD


@pytest.mark.parametrize(
    "pattern",
    ["{", "}", "a; b", "int x", '\\"', "#if 1", "$x", "$$$x", "f($x", "/*", "a b", "1", "f(" * 3000, "\\u0000", "if (x) f()", "x ="],
    ids=lambda text: ascii(text[:12]),
)
def test_any_pattern_is_a_rewrite_or_one_line(folder, pattern):
    (folder / "cuport.toml").write_text(f'[[rewrite]]\nname = "x"\npattern = "{pattern}"\nto = "G()"\n')
    result = cuport("csrc", "--check")
    assert result.exit_code in (1, 2) and (result.exit_code == 1 or len(result.stderr.strip().splitlines()) == 1), result.stderr


def test_deep_nesting(folder):
    (folder / "cuport.toml").write_text("target = " + "[" * 100_000 + "\n")
    result = cuport("csrc")
    assert result.exit_code == 2 and len(result.stderr.strip().splitlines()) == 1


def test_pyproject_that_is_no_toml(folder):
    (folder / "pyproject.toml").write_text("[tool.cuport]\ntarget = \n")
    result = cuport("csrc")
    assert result.exit_code == 2 and "pyproject.toml: not TOML" in result.stderr
    (folder / "pyproject.toml").write_text("[project]\nname = cuport?\n")
    assert cuport("csrc", "--check").exit_code == 1


def test_no_such_configuration(folder):
    result = cuport("csrc", "--config", "nowhere.toml")
    assert result.exit_code == 2 and "nowhere.toml: No such file" in result.stderr


@pytest.mark.parametrize(
    ("pattern", "path", "result"),
    [
        ("old", "csrc/old/op.cu", True),
        ("*.cuh", "csrc/op.cuh", True),
        ("csrc/old", "csrc/old/deep/op.cu", True),
        ("csrc/*.cu", "csrc/old/op.cu", True),
        ("./csrc/", "csrc/op.cu", True),
        ("old/op.cu", "csrc/old/op.cu", False),
        ("csrc/o", "csrc/op.cu", False),
        ("op", "csrc/op.cu", False),
        ("*", "../elsewhere/op.cu", False),
    ],
)
def test_patterns_of_paths(tmp_path, monkeypatch, pattern, path, result):
    monkeypatch.chdir(tmp_path)
    assert matches(pattern, Path(path), tmp_path) is result


# --- comments that ignore nothing -------------------------------------------------------------------------------------------------------


def unused(source: str, folder: Path, **options) -> list[tuple[int, tuple[str, ...]]]:
    (folder / "one.cu").write_text(source)
    return [(u.line, u.rules) for u in plan(folder / "one.cu", **options).unused_ignores]


def test_unused_ignores(tmp_path):
    used = "void f(bool b) {\n  AT_CHECK(b);  // cuport: ignore[at-check]\n  // cuport: ignore\n  AT_CHECK(b);\n}\n"
    assert unused(used, tmp_path) == []
    assert unused(used.replace("AT_CHECK", "TORCH_CHECK"), tmp_path) == [(2, ("at-check",)), (3, ())]
    assert unused("int x;  // cuport: ignore\n", tmp_path) == [(1, ())]
    assert unused("AT_CHECK(b);  // cuport: ignore[at-check, at-chek]\n", tmp_path) == [(1, ("at-chek",))]


def test_rules_that_did_not_run_may_be_ignored(tmp_path):
    source = "int x;  // cuport: ignore[thc-ceil-div]\nint y;  // cuport: ignore\n"
    assert unused(source, tmp_path, select=["at-check"]) == []


def test_an_ignored_line_that_moves(tmp_path):
    source = "#include <THC/THC.h>\nvoid f(bool b, int n) {\n  g(THCCeilDiv(n, 2));\n  AT_CHECK(b);  // cuport: ignore[at-check]\n}\n"
    assert unused(source, tmp_path) == []


# --- from Python ------------------------------------------------------------------------------------------------------------------------


def test_from_python(folder):
    from migrator import apply

    made = plan("csrc", config=Config(), select=["at"])
    assert {f.path.name for f in made.changed} == {"op.cu"} and made.rules["at-check"].severity == "broken"
    assert (folder / "csrc/op.cu").read_text() == OLD
    copy = apply(made, out="ported", source="csrc")
    assert len(copy.files) == 2 and "TORCH_CHECK" in (folder / "ported/op.cu").read_text()
    assert not apply(made).failed and "TORCH_CHECK" in (folder / "csrc/op.cu").read_text()
    assert {reason for _, reason in apply(made).failed} == {"changed while it was being migrated; nothing was changed, run cuport again"}
    with pytest.raises(PlanError, match="newer than what this cuport knows"):
        plan("csrc", target="9.9")
    with pytest.raises(PlanError, match="give source"):
        apply(made, out="elsewhere")


def test_config_of_a_folder_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)


def test_rules_lists_and_explains_a_projects_own(folder):
    (folder / "cuport.toml").write_text(EVERYTHING)

    def rules(*words):
        return CliRunner().invoke(main, ["rules", *words], obj=catalogue)

    own = "our-check  project  the project's own  safe    `OUR_CHECK($x)` becomes `TORCH_CHECK($x)`.\n"
    assert rules("project").stdout == own
    assert "our-check" in rules().stdout and "at-check" in rules().stdout and "``" not in rules().stdout
    assert rules("our-check").stdout.splitlines()[0] == "our-check (project, safe, the project's own)"
    assert "Ours does the same." in rules("our-check").stdout
    assert "did you mean our-check?" in rules("our-chek").stderr
    assert "our-check" not in rules("--no-config").stdout
    (folder / "cuport.toml").write_text("[[rewrite]]\n")
    broken = rules()
    assert broken.exit_code == 2 and "(--no-config leaves it out)" in broken.stderr and len(broken.stderr.splitlines()) == 1
    assert "at-check" in rules("--no-config").stdout
