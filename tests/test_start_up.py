"""What a run imports: a pre-commit hook must not be felt."""

import subprocess
import sys

import pytest


def modules(*arguments):
    code = f"import sys; sys.argv = ['cuport', *{list(map(str, arguments))!r}]\nfrom rewrites import main\ntry:\n    main()\nexcept SystemExit:\n    pass\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return set(result.stderr.splitlines())


@pytest.mark.parametrize("heavy", ["torch", "libcst", "rich", "requests", "numpy"])
def test_a_run_over_cpp_sources_imports_nothing_heavy(tmp_path, heavy):
    source = tmp_path / "a.cu"
    source.write_text("void f(at::Tensor x) { AT_CHECK(x.is_cuda()); }\n")
    loaded = modules("migrate", source, "--check")
    assert "tree_sitter" in loaded
    assert heavy not in loaded


@pytest.mark.parametrize("heavy", ["torch", "libcst", "rich", "tree_sitter"])
def test_version_imports_no_engine(heavy):
    assert heavy not in modules("--version")
