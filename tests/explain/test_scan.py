"""What counts as the first real failure."""

from __future__ import annotations

import io
import tracemalloc

from migrator.doctor.explain import lines, scan


def report(text: str | bytes):
    return scan(lines(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def first(text: str | bytes):
    found = report(text).first
    return found and (found.signature.id if found.signature else None)


def test_the_first_failed_block_counts():
    text = """[1/3] nvcc -c a.cu -o a.o
[2/3] nvcc -c b.cu -o b.o
FAILED: b.o
nvcc -c b.cu -o b.o
b.cu(3): error: identifier "THCudaCheck" is undefined
/t/init.h:60:31: error: cannot convert ‘const torch::enumtype::kFanIn’ to ‘int’
FAILED: a.o
a.cu:5:10: fatal error: THC/THC.h: No such file or directory
ninja: build stopped: subcommand failed.
subprocess.CalledProcessError: Command '['ninja', '-v']' returned non-zero exit status 1.
"""
    found = report(text)
    assert found.first.signature.id == "thc-cuda-check" and found.first.number == 5
    assert list(found.also) == ["thc-header"]


def test_kfanin_is_not_blamed_for_an_unknown_error_below_it():
    text = '/t/init.h:60:31: error: cannot convert ‘const torch::enumtype::kFanIn’ to ‘int’\nx.cu(3): error: expected a ";"\n'
    found = report(text)
    assert found.status == "unknown" and found.first.text == 'x.cu(3): error: expected a ";"'
    assert found.first.place == ("x.cu", 3)


def test_unknown_is_unknown():
    for text in (
        "x.cpp:3:1: error: ‘frobnicate’ was not declared in this scope\n",
        "Killed\n",
        "/bin/sh: 1: frobnicate: not found\n",
        "ValueError: something of the user's own\n",
        "ModuleNotFoundError: No module named 'torch'\n",  # without pip's build isolation around it
        "IndexError: list index out of range\n",
        "ImportError: /w/x.so: undefined symbol: my_function\n",
        "src/a.cu:1:1: fatal error: myTHC.h: No such file or directory\n",
        "src/a.cu:1:1: fatal error: my/complex.h: No such file or directory\n",
        'a.cu(3): error: no instance of overloaded function "atomicAdd" matches the argument list\n'
        "            argument types are: (char *, char)\n",
        "ImportError: cannot import name '_C' from partially initialized module 'torch' (/w/torch/__init__.py)\n",
        "ImportError: libfoo.so.1: cannot open shared object file: No such file or directory\n",
        "ERROR: Could not find a version that satisfies the requirement numpyy (from versions: none)\n",
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n"
        "ERROR: Could not find a version that satisfies the requirement torch (from versions: none)\n",
        "a.cu:1:1: fatal error: thrust/system/cuda/experimental/pinned_allocator.h: No such file or directory\n",
        'a.cu(3): error: identifier "__builtin_mine" is undefined\n',
        "a.cpp:1:10: fatal error: mine/util.h: No such file or directory\n",
        "ModuleNotFoundError: No module named 'mypackage'\n",
        "AttributeError: module 'torch' has no attribute 'frobnicate'\n",
        "RuntimeError: expected scalar type Float but found Double\n",
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0\n",
    ):
        assert report(text).status == "unknown", text


def test_no_failure():
    assert report("running build_ext\nerrors.cpp compiled\n-Werror=format-security -c error.cpp\nFinished\n").status == "clean"
    assert report("[1/2] g++ -c src/error_handling.cpp -o error.o -DNOTE='error: x'\n").status == "clean"
    assert report("").status == "clean"


def test_only_follow_on():
    found = report("RuntimeError: Error compiling objects for extension\n")
    assert found.status == "follow-on"


def test_chain_of_exceptions():
    text = """Traceback (most recent call last):
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
ModuleNotFoundError: No module named 'torch._six'
"""
    assert first(text) == "torch-six"


def test_colours_encodings_and_quotes():
    line = "a.cpp:65:3: error: ‘AT_CHECK’ was not declared in this scope"
    assert (
        first(
            "\x1b[01m\x1b[Ka.cpp:65:3:\x1b[m\x1b[K \x1b[01;31m\x1b[Kerror: \x1b[m\x1b[K‘\x1b[01m\x1b[KAT_CHECK\x1b[m\x1b[K’ was not "
            "declared in this scope\n"
        )
        == "at-check"
    )
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "gbk"):
        assert first(line.encode(encoding)) == "at-check"
    assert first(b"caf\xe9 \xff\n" + line.replace("‘", "'").replace("’", "'").encode("latin-1")) == "at-check"
    assert first(line.replace("\n", "\r\n") + "\r\n") == "at-check"


def test_no_gpu_needs_its_traceback():
    assert first("    arch_list[-1] += '+PTX'\nIndexError: list index out of range\n") == "no-gpu-at-build"


def test_constant_memory():
    def log():
        for number in range(4_000):
            yield f"[{number}/4000] /usr/local/cuda/bin/nvcc -I/env/torch/include -c /src/unit{number}.cu -o unit{number}.o -O3"
            yield "x.h:1:1: warning: unused variable ‘a’"
            yield f"a{number}.cpp:3:1: error: unknown thing"

    tracemalloc.start()
    found = scan(log())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.lines == 12_000 and peak < 3_000_000


def test_state_after_its_type_is_no_second_failure():
    found = report('dcn_cuda.cu(3): error: identifier "THCState" is undefined\ndcn_cuda.cu(9): error: identifier "state" is undefined\n')
    assert found.also == {}
