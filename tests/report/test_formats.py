"""JSON, SARIF and GitHub annotations: valid, exact, and safe with any path and any bytes."""

from __future__ import annotations

import base64
import json
import re
import os
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from click.testing import CliRunner

from migrator import plan
from migrator.cli import main
from migrator.report import github, sarif
from migrator.report import json as json_report
from migrator.report.fingerprint import Fingerprints
from migrator.rewrite import Edit
from migrator.source import apply_edits
from rewrites import catalogue

ROOT = Path(__file__).parent.parent.parent
REPORT_SCHEMA = json.loads((ROOT / "docs/schemas/cuport-migrate-1.schema.json").read_text())
# OASIS's own schema, as published at docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas
SARIF_SCHEMA = json.loads((Path(__file__).parent / "data/sarif-schema-2.1.0.json").read_text())
OLD = (
    "#include <ATen/ATen.h>\n#include <THC/THC.h>\n\n"
    'int f(at::Tensor x, int n, float y) {\n  AT_CHECK(x.is_cuda(), "größe"); int m = THCCeilDiv(n, 2);\n'
    '  AT_CHECK(y > 0, "y is %.2f", y);\n  return m;\n}\n'
)
NASTY = ["a\"b'c.cu", "new\nline.cu", "<b>&amp;%41,:.cu", "\x1b[31mred.cu", os.fsdecode(b"caf\xe9.cu"), "größe.cu"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """One source under each of the names, and one in another encoding; the current folder is where they are."""
    for name in ["op.cu", *NASTY]:
        (tmp_path / name).write_text(OLD)
    (tmp_path / "gbk.cu").write_bytes(b'/* \xd6\xd0 */ void f(bool b) { AT_CHECK(b, "\xce\xc4"); }\r\n')
    (tmp_path / "crlf.h").write_bytes(OLD.replace("\n", "\r\n").encode())
    (tmp_path / "plain.cpp").write_text("int x;\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_json_is_what_the_schema_says_and_makes_the_port(folder):
    made = plan(".")
    value = json.loads(json_report.render(made, written=False))
    jsonschema.Draft202012Validator.check_schema(REPORT_SCHEMA)
    jsonschema.validate(value, _strict(REPORT_SCHEMA))
    assert value["summary"] == {"files_read": 10, "files_changed": 9, "files_untouched": 1, "changes": 33, "by_hand": 8}
    assert [path["path"] for path in value["untouched"]] == ["plain.cpp"]
    for file in value["files"]:
        real = base64.b64decode(file["path_base64"]) if "path_base64" in file else file["path"].encode()
        before = (folder / os.fsdecode(real)).read_bytes()
        edits = [
            Edit(r["start"], r["end"], r["text"].encode() if "text" in r else base64.b64decode(r["base64"])) for r in file["replacements"]
        ]
        after = next(f.after for f in made.files if os.fsencode(f.path) == real)
        assert apply_edits(before, edits) == after
        assert {i for r in file["replacements"] for i in r["changes"]} == set(range(len(file["changes"])))
    entry = next(f for f in value["files"] if f["path"] == "op.cu")
    assert sorted((c["rule"], c["line"]) for c in entry["changes"]) == [
        ("at-check", 5),
        ("at-check", 6),
        ("thc-ceil-div", 5),
        ("thc-headers", 2),
    ]
    assert [(c["rule"], c["line"]) for c in entry["left"]] == [("at-check", 6)] and (entry["state"], entry["effort"]) == ("by hand", "low")


def _strict(schema):
    """The schema with every key named: what a report holds is documented."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _strict(value) for key, value in schema.items()}
    if result.get("type") == "object" and "properties" in result:
        result["additionalProperties"] = False
    return result


def test_sarif_is_valid_and_its_fixes_make_the_port(folder):
    made = plan(".")
    value = json.loads(sarif.render(made))
    jsonschema.Draft4Validator(SARIF_SCHEMA, format_checker=jsonschema.FormatChecker()).validate(value)
    (run,) = value["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    fixes: dict[str, dict[tuple, bytes]] = {}
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"] and result["message"]["text"]
        for fix in result.get("fixes", ()):
            for change in fix["artifactChanges"]:
                for r in change["replacements"]:
                    region = tuple(r["deletedRegion"][k] for k in ("startLine", "startColumn", "endLine", "endColumn"))
                    content = r.get("insertedContent", {"text": ""})
                    text = content["text"].encode() if "text" in content else base64.b64decode(content["binary"])
                    fixes.setdefault(change["artifactLocation"]["uri"], {})[region] = text
    assert len(fixes) == 9
    for uri, replacements in fixes.items():
        name = os.fsdecode(unquote(uri, errors="surrogateescape").encode("utf-8", "surrogateescape"))
        before = (folder / name).read_bytes()
        after = next(f.after for f in made.files if str(f.path) == name)
        assert (
            apply_edits(before, [Edit(_offset(before, a, b), _offset(before, c, d), t) for (a, b, c, d), t in replacements.items()])
            == after
        )
    by_hand = [r for r in run["results"] if r["message"]["text"].startswith("By hand: ")]
    assert len(by_hand) == 8 and not any("fixes" in r for r in by_hand)


def _offset(data: bytes, line: int, column: int) -> int:
    lines = data.split(b"\n")
    start = sum(len(each) + 1 for each in lines[: line - 1])
    return start + len(lines[line - 1].decode("utf-8", "surrogateescape")[: column - 1].encode("utf-8", "surrogateescape"))


def test_sarif_of_nothing_and_of_what_cannot_be_read(folder):
    value = json.loads(sarif.render(plan(["plain.cpp", "no such\n.cu"])))
    jsonschema.validate(value, SARIF_SCHEMA, cls=jsonschema.Draft4Validator)
    (run,) = value["runs"]
    assert run["results"] == [] and run["invocations"][0]["executionSuccessful"] is False
    (said,) = run["invocations"][0]["toolExecutionNotifications"]
    assert said["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "no%20such%0A.cu"


def test_sarif_takes_every_rule(tmp_path):
    """Titles, documentation and links of every rewrite fit the schema."""
    from migrator.engine import _rules
    from migrator.planned import Applied, Plan, PlannedFile
    from migrator.rewrite import Settings

    every = tuple(Applied(r.id, 1) for r in catalogue().rewrites)
    files = [PlannedFile(tmp_path / "a.cu", Path("a.cu"), b"", b"x", every)]
    value = sarif.as_dict(Plan(tuple(files), 1, rules=_rules(files, catalogue(), Settings())))
    jsonschema.Draft4Validator(SARIF_SCHEMA, format_checker=jsonschema.FormatChecker()).validate(value)
    rules = value["runs"][0]["tool"]["driver"]["rules"]
    names = {rule["name"] for rule in rules}
    assert len(names) == len(rules) and all(re.fullmatch(r"[A-Z][A-Za-z0-9]+", name) for name in names), "SARIF1001 and SARIF2012"


def test_sarif_knows_a_line_again():
    """As github/codeql-action counts: checked against its own examples."""

    def prints(text: str) -> list[str | None]:
        data = text.encode()
        return [Fingerprints(data).of(line) for line in range(1, data.count(b"\n") + 2)]

    expected = ["b3b687a12ce8f767:1", "d2b9fc4990d268e0:1", "7b4924a44cd8a639:1", "c129715d7a2bc9a3:1"]
    text = "int f();\nint f();\nint g(); // größe \U0001f600\n"
    assert prints(text) == prints(text.replace(" ", "\t ")) == prints(text.replace("\n", "\r\n")) == expected
    assert [each.partition(":")[2] for each in prints("x\n" * 150)[:4]] == ["1", "2", "3", "4"]
    assert prints("a\rb\n") == [None, None], "GitHub counts other lines there"


def test_sarif_has_a_fingerprint_for_every_result(folder):
    (run,) = sarif.as_dict(plan("op.cu"))["runs"]
    assert {tuple(result["partialFingerprints"]) for result in run["results"]} == {("primaryLocationLineHash",)}


def test_sarif_leaves_out_what_github_refuses(tmp_path, monkeypatch):
    (tmp_path / "a.cu").write_text("void f(at::Tensor x) { AT_CHECK(true); x.data<float>(); }\n" * 3)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sarif, "MAX_RESULTS", 4)
    value = sarif.as_dict(plan("."))
    jsonschema.Draft4Validator(SARIF_SCHEMA).validate(value)
    (run,) = value["runs"]
    assert [result["level"] for result in run["results"]] == ["error"] * 3 + ["warning"]
    (said,) = run["invocations"][0]["toolExecutionNotifications"]
    assert said["message"]["text"].startswith("2 of 6 results, the least grave, are left out")
    assert run["invocations"][0]["executionSuccessful"] is True
    monkeypatch.setattr(sarif, "MAX_COMPRESSED", 500)
    value = json.loads(sarif.render(plan(".")))
    jsonschema.Draft4Validator(SARIF_SCHEMA).validate(value)
    (run,) = value["runs"]
    assert not any("fixes" in result for result in run["results"])
    assert "no result has its fix" in run["invocations"][0]["toolExecutionNotifications"][1]["message"]["text"]


def test_github_annotations(folder):
    lines = github.render(plan(["op.cu", NASTY[2], NASTY[1]])).splitlines()
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines) and len(lines) == 15
    check = "Check with `TORCH_CHECK` instead of `AT_CHECK` (`cuport migrate` writes it)"
    assert f"::error file=op.cu,line=5,title=cuport%3A at-check::{check}" in lines
    assert any(line.startswith("::error file=<b>&amp;%2541%2C%3A.cu,line=2,") for line in lines)
    assert any(line.startswith("::warning file=new%0Aline.cu,line=6,") for line in lines)


def cuport(*args):
    return CliRunner().invoke(main, ["migrate", "--allow-no-vcs", *map(str, args)], obj=catalogue)


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_on_stdout_and_in_a_file(folder, form):
    shown = cuport("op.cu", "--check", "--format", form)
    assert shown.exit_code == 1 and "files read" not in shown.stdout and "would change" in shown.stderr
    stored = cuport("op.cu", "--check", "--format", form, "-o", "report.out")
    assert stored.stdout == "" and (folder / "report.out").read_text() == shown.stdout
    assert (folder / "op.cu").read_text() == OLD


def test_json_of_what_was_written(folder):
    value = json.loads(cuport("op.cu", "--format", "json").stdout)
    assert value["written"] is True and "TORCH_CHECK" in (folder / "op.cu").read_text()
    again = json.loads(cuport("op.cu", "--format", "json").stdout)
    assert again["summary"]["changes"] == 0 and again["files"] == [] and [p["path"] for p in again["untouched"]] == ["op.cu"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["-o", "x"], "-o takes the report of --format"),
        (["--format", "json", "-o", "no/such/folder/x"], "cannot write no/such/folder/x"),
        (["--verified", "op.cu"], "--report FILE"),
        (["--report", "page.html", "--verified", "op.cu"], "is not JSON"),
        (["--format", "xml"], "'xml' is not one of"),
    ],
)
def test_refused(folder, args, words):
    result = cuport("op.cu", "--check", *args)
    assert result.exit_code == 2 and words in result.stderr
    assert (folder / "op.cu").read_text() == OLD


def test_the_diff_names_the_rules_of_each_hunk(folder):
    headings = [line for line in cuport("op.cu", "--dry-run").stdout.splitlines() if line.startswith("@@")]
    assert headings == ["@@ -1,8 +1,8 @@ thc-ceil-div, thc-headers, at-check"]
