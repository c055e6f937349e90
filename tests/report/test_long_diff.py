"""The diff of a long file is made from the replacements; git takes it, as it takes that of a short one."""

import subprocess

import pytest

from migrator import Config, plan
from migrator.report import lines
from migrator.report.diff import unified


def legacy(count: int, newline: str) -> str:
    text = "#include <THC/THC.h>\n" + "".join(
        f"void f{i}(at::Tensor x, int n) {{\n  AT_CHECK(x.is_cuda(), \"x{i}\");\n  float *p = x.data<float>();\n\n  for (;;) p[{i}] += {i};\n}}\n"
        for i in range(count)
    )
    return text.replace("\n", newline).removesuffix(newline if count % 2 else "")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("count", [3, 60, 61])
def test_git_makes_the_same_of_it(tmp_path, monkeypatch, count, newline):
    source = tmp_path / "a.cu"
    source.write_bytes(legacy(count, newline).encode())
    (file,) = plan([source], config=Config()).changed
    monkeypatch.chdir(tmp_path)
    short = unified(file)
    monkeypatch.setattr(lines, "_LONG", 0)
    long = unified(file)
    assert sum(line.startswith(("+", "-")) for line in long) == sum(line.startswith(("+", "-")) for line in short)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "apply", "--unsafe-paths", "--directory=.", "-p0", "-"], input="".join(long).replace(str(tmp_path) + "/", "")
                   .replace("a/a.cu", "a.cu").replace("b/a.cu", "a.cu").encode("utf-8", "surrogateescape"), check=True)  # fmt: skip
    assert source.read_bytes() == file.after
