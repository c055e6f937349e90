"""``cuport fleet`` on real folders and git repositories: what the survey says, what is kept, what goes wrong in one of them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import time

import jsonschema
import pytest

from .support import CLEAN, ENVIRONMENT, LEGACY, ROOT, by_name, command, fleet, folder, git, repository, survey, without_cost


def lists(path, *lines):
    listed = path / "repos.txt"
    listed.write_text("".join(f"{line}\n" for line in lines))
    return listed


def records(out):
    return {path.name: path.stat().st_mtime_ns for path in (out / "records").iterdir()}


def test_folders_and_commits_make_one_survey(tmp_path):
    folder(tmp_path / "legacy")
    folder(tmp_path / "hand", "void f(state) { THCudaHostAlloc(state, 3); }\ntexture<float, 2> t;\n")
    folder(tmp_path / "clean", CLEAN)
    (tmp_path / "empty").mkdir()
    repository(tmp_path / "repo", CLEAN)
    git(tmp_path / "repo", "tag", "v1")
    (tmp_path / "repo/op.cu").write_text(LEGACY)
    git(tmp_path / "repo", "commit", "-qam", "second")
    (tmp_path / "repo/op.cu").write_text("not committed\n")
    out = tmp_path / "out"
    done = fleet(lists(tmp_path, "legacy", "hand", "clean", "empty", "repo", "repo@v1", f"file://{tmp_path}/repo @main"), out)
    assert done.stdout.startswith("7 repositories: 1 by hand, 2 ported, 4 nothing to do\n")
    made = survey(out)
    states = [(each["name"], each["ref"], each["state"], each["edits"], each["breaks"]) for each in made["repositories"]]
    assert states == [
        ("clean", "", "nothing to do", 0, 0),
        ("empty", "", "nothing to do", 0, 0),
        ("hand", "", "by hand", 0, 2),
        ("legacy", "", "ported", 2, 2),
        ("repo", "", "nothing to do", 0, 0),
        ("repo", "v1", "nothing to do", 0, 0),
        (f"{tmp_path.name}/repo", "main", "ported", 2, 2),
    ]
    assert made["repositories"][-1]["revision"] == git(tmp_path / "repo", "rev-parse", "main")
    assert made["rules"]["at-check"] | {"title": ""} == {"title": "", "severity": "broken", "edits": 2, "by_hand": 0, "repositories": 2}
    assert {name for task in made["left"] for name in task["repositories"]} == {"hand"}
    schema = json.loads((ROOT / "docs/schemas/cuport-fleet-1.schema.json").read_text())
    jsonschema.validate(made, schema)
    assert (tmp_path / "repo/op.cu").read_text() == "not committed\n"
    assert git(tmp_path / "repo", "for-each-ref", "--format=%(refname)") == "refs/heads/main\nrefs/tags/v1"
    assert not list(out.glob("clones/*.tree"))


def test_what_is_finished_is_kept_until_it_changes(tmp_path):
    folder(tmp_path / "a")
    folder(tmp_path / "b")
    repository(tmp_path / "c")
    listed, out = lists(tmp_path, "a", "b", f"file://{tmp_path}/c"), tmp_path / "out"
    fleet(listed, out)
    first, kept = without_cost(out), records(out)
    assert "2 of 3 are kept" in fleet(listed, out).stderr  # git is asked whether the third moved
    assert without_cost(out) == first and records(out) == kept
    (tmp_path / "b/op.cu").write_text(CLEAN + LEGACY + LEGACY)
    (tmp_path / "c/op.cu").write_text(CLEAN)
    git(tmp_path / "c", "commit", "-qam", "mended")
    fleet(listed, out)
    assert [each["edits"] for each in survey(out)["repositories"]] == [2, 4, 0]
    assert sum(kept[name] == when for name, when in records(out).items()) == 1
    (tmp_path / "c").rename(tmp_path / "away")
    fleet(listed, out)
    assert survey(out)["summary"]["states"]["failed"] == 0, "what is known stands while git is out of reach"
    fleet(listed, out, "--ignore", "at-check", status=1)
    assert len(records(out)) == 6, "other options are other records"


def test_what_is_not_read_is_said(tmp_path):
    parts = folder(tmp_path / "parts")
    (parts / "blob.cu").write_bytes(b"\0AT_CHECK(1)")
    for number in range(30):
        (parts / f"old{number}.py").write_text("import numpy as np\nx = np.float(3)\nprint 'two'\n")
    with open(parts / "made.cu", "w") as made:
        made.write(LEGACY + "// padding\n" * 1_600_000)
    fleet(lists(tmp_path, "parts"), tmp_path / "out")
    found = by_name(tmp_path / "out")["parts"]
    assert (found["state"], found["edits"], len(found["unread"])) == ("ported", 2, 20) and found["not_read"] == 32
    assert any(each.startswith("made.cu: larger than 16 MB") for each in found["unread"])
    assert f"{found['not_read'] - 2} more not read" in (tmp_path / "out/survey.html").read_text()


def test_a_survey_does_not_depend_on_order(tmp_path):
    for name in "abc":
        folder(tmp_path / name)
    fleet(lists(tmp_path, "a", "b", "c"), tmp_path / "one", "-j", "2")
    fleet(lists(tmp_path, "c", "a", "b", "a"), tmp_path / "two", "-j", "1")
    assert without_cost(tmp_path / "one") == without_cost(tmp_path / "two")


def test_one_bad_repository_never_stops_the_rest(tmp_path):
    folder(tmp_path / "good")
    folder(tmp_path / "huge", "void f(at::Tensor x) { AT_CHECK(x.is_cuda()); }\n" * 200_000)
    (tmp_path / "bad_config").mkdir()
    (tmp_path / "bad_config/cuport.toml").write_text("targit = 1\n")
    (tmp_path / "file").write_text("")
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    repository(tmp_path / "refs")
    blob = git(repository(tmp_path / "damaged"), "rev-parse", "HEAD:op.cu")
    (tmp_path / f"damaged/.git/objects/{blob[:2]}/{blob[2:]}").unlink()
    odd = folder(tmp_path / "odd\n<b>'\"&\udcff")
    hostile = ["refs@--upload-pack=touch trace", "ext::sh -c touch% trace", "-u./x@host:y", "ssh://-oProxyCommand=touch%20trace/x"]
    paths = ["good", "huge", "bad_config", "file", "not_there", "bare.git", odd.name, *hostile, "damaged@main"]
    listed = tmp_path / "repos.json"
    listed.write_text(json.dumps(paths))
    done = fleet(listed, tmp_path / "out", "--memory-limit", "300MB", "-j", "2", status=1)
    found = by_name(tmp_path / "out")
    errors = {name: (each["error"]["kind"], each["error"]["message"]) for name, each in found.items() if each["error"] is not None}
    assert errors.pop("huge") == ("memory", "reached the memory limit of 0.3 GB: raise --memory-limit")
    assert {kind for kind, _ in errors.values()} == {"input"}
    assert "knows no key 'targit'" in errors["bad_config"][1]
    assert "not a folder" in errors["file"][1] and "not there" in errors["not_there"][1]
    assert "it is empty" in errors["bare.git"][1]
    assert "@--upload-pack=touch trace is refused" in errors["refs"][1]
    assert "is refused: give a URL of https" in errors["ext/sh -c touch% trace"][1]
    assert f"unable to read {blob}" in errors["damaged"][1]
    assert "blocked" in errors["-oProxyCommand=touch%20trace/x"][1]
    assert all("\n" not in message for _, message in errors.values())
    assert len(errors) == len(paths) - 3, errors
    assert not (tmp_path / "trace").exists() and not list(tmp_path.glob("**/trace"))
    good, strange = found["good"], found["odd\n<b>'\"&\udcff"]
    assert good["edits"] == strange["edits"] == 2
    page = (tmp_path / "out/survey.html").read_text()
    assert "<b>" not in page and "&lt;b&gt;&#x27;&quot;&amp;" in page
    assert all(line.startswith("cuport: ") for line in done.stderr.splitlines()), "a name with a line break is one line"


def test_a_repository_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    folder(tmp_path / "good")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never says a word
        url = f"git://127.0.0.1:{silent.getsockname()[1]}/a/hangs"
        fleet(lists(tmp_path, url, "good"), tmp_path / "out", "--time-limit", "10", status=1)
        silent.setblocking(False)
        talk = silent.accept()[0]
        talk.settimeout(10)
        while talk.recv(4096):  # what git asked, and then its end: it holds the connection no longer
            pass
        talk.close()
    found = by_name(tmp_path / "out")
    assert found["a/hangs"]["error"] == {"kind": "time", "message": "stopped after 10 s: raise --time-limit, or look at what takes so long"}
    assert found["good"]["edits"] == 2


def test_a_killed_run_goes_on(tmp_path):
    names = [folder(tmp_path / f"r{number}").name for number in range(8)]
    listed, out = lists(tmp_path, *names), tmp_path / "out"
    running = subprocess.Popen(command(listed, out, "-j", "2"), cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    for _ in range(3):
        running.stderr.readline()
    children = _children(running.pid)
    running.send_signal(signal.SIGKILL)
    running.wait()
    running.stderr.close()
    assert _gone(children), "nothing of it goes on"
    assert not (out / "survey.json").exists()
    kept = records(out)
    halves = [kept.pop(name) for name in list(kept) if name.startswith(".cuport-")]  # what it was writing when it was killed
    assert 3 <= len(kept) < 8 and len(halves) <= 1 and all(name.endswith(".json") for name in kept)
    (out / "records" / sorted(kept)[0]).write_text('{"version": 1')  # as a failing disk leaves it
    fleet(listed, out)
    assert [each["edits"] for each in survey(out)["repositories"]] == [2] * 8
    again = records(out)
    assert sum(again[name] == when for name, when in kept.items()) == len(kept) - 1


def _children(pid):
    found = []
    for status in os.scandir("/proc"):
        try:
            parent = int(open(f"/proc/{status.name}/stat").read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == pid:
            found.append(int(status.name))
    return found


def _gone(pids):
    for _ in range(100):
        if not any(
            os.path.exists(f"/proc/{pid}") and open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z" for pid in pids
        ):
            return True
        time.sleep(0.1)
    return False


def test_applied_to_a_branch_and_to_nothing_else(tmp_path):
    source = repository(tmp_path / "repo")
    hook = source / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/trace'\n")
    hook.chmod(0o755)
    (source / "op.cu").write_text("not committed\n")
    folder(tmp_path / "no_git")
    folder(tmp_path / "clean", CLEAN)
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    listed, out = lists(tmp_path, "repo", "no_git"), tmp_path / "out"
    fleet(listed, out, "--apply", status=1)
    found = by_name(out)
    assert "not the top of a git repository" in found["no_git"]["error"]["message"]
    applied = found["repo"]["applied"]
    clone, commit = applied["repository"], applied["commit"]
    assert applied["branch"] == "cuport/port" and git(clone, "rev-parse", "cuport/port") == commit
    assert git(clone, "rev-parse", "cuport/port^") == git(source, "rev-parse", "main") == found["repo"]["revision"]
    assert "TORCH_CHECK(x.is_cuda())" in git(clone, "show", "cuport/port:op.cu")
    assert git(clone, "diff", "--name-only", "cuport/port^", "cuport/port") == "op.cu"
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == before
    assert not (tmp_path / "trace").exists()
    assert git(source, "fetch", "-q", clone, "cuport/port") == "" and git(source, "rev-parse", "FETCH_HEAD") == commit

    git(clone, "update-ref", "refs/heads/cuport/port", git(clone, "commit-tree", "-p", commit, "-m", "mine", f"{commit}^{{tree}}"))
    git(source, "commit", "-q", "--allow-empty", "-m", "moved on")
    fleet(listed, out, "--apply", status=1)
    mine = git(clone, "log", "-1", "--format=%s", "cuport/port")
    assert mine == "mine", "a person's commit stays"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "9.9"], "newer than what this cuport knows"),
        (["--select", "at-chek"], "at-check"),
        (["--memory-limit", "many"], "write 500MB or 4GB"),
        (["--scheduler", "tcp://127.0.0.1:1"], "no Dask scheduler answers"),
        (["--verify", "--torch", "x"], "x"),
    ],
)
def test_an_error_in_what_was_asked_is_one_line(tmp_path, words, said):
    if "--scheduler" in words:
        pytest.importorskip("distributed", reason="cuport[fleet] is not installed")
    folder(tmp_path / "a")
    done = fleet(lists(tmp_path, "a"), tmp_path / "out", *words, status=2)
    assert said in done.stderr.splitlines()[-1] and not (tmp_path / "out/survey.json").exists()


def test_a_list_that_is_not_there(tmp_path):
    assert "give a file that lists repositories" in fleet(tmp_path / "none.txt", tmp_path / "out", status=2).stderr


def test_parquet_has_a_row_a_repository(tmp_path):
    pytest.importorskip("pyarrow", reason="cuport[fleet] is not installed")
    from pyarrow import parquet

    folder(tmp_path / "a")
    fleet(lists(tmp_path, "a", "not_there"), tmp_path / "out", status=1)
    first, second = parquet.read_table(tmp_path / "out/survey.parquet").to_pylist()
    assert (first["name"], first["state"], first["edits"], first["breaks"]) == ("a", "ported", 2, 2)
    assert dict(first["edits_by_rule"]) == {"at-check": 1, "thc-headers": 1} or sum(dict(first["edits_by_rule"]).values()) == 2
    assert (second["state"], second["error_kind"], second["edits"]) == ("failed", "input", None)


def test_the_page_allows_its_own_script_and_no_other(tmp_path):
    folder(tmp_path / "<script>alert(1)</script>")
    fleet(lists(tmp_path, "<script>alert(1)</script>"), tmp_path / "out")
    page = (tmp_path / "out/survey.html").read_text()
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'\"" in page


def test_what_cannot_be_verified_says_why_and_keeps_its_plan(tmp_path):
    pytest.importorskip("pypi_simple", reason="cuport[verify] is not installed")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/train.py").write_text("import numpy as np\nx = np.float(3)\n")
    fleet(lists(tmp_path, "a"), tmp_path / "out", "--verify", "--prove", "--offline")
    found = by_name(tmp_path / "out")["a"]
    assert (found["state"], found["edits"]) == ("ported", 1)
    assert found["verified"]["error"].startswith(f"no CUDA or C++ sources under {tmp_path / 'a'}: ")
    assert (tmp_path / "a/train.py").read_text().endswith("np.float(3)\n")
