"""What kind of line it is: an error, the consequence of one, a warning, or none of these."""

from __future__ import annotations

import re

_WORDS = (
    "error",
    "fatal",
    "warning",
    "exception",
    "undefined",
    "unresolved",
    "not found",
    "cannot",
    "can't",
    "couldn't",
    "could not",
    "killed",
    "no such",
    "not compatible",
    "lock file",
    "falling back",
    "no cuda",
    "fail",
    "symbol",
    "deprecated",
    "错误",
    "无法",
    "找不到",
    "没有",
    "警告",
    "未定义",
    "未声明",
    "尚未",
    "\ufffd",
    "mismatch",
    "referenced from",
    "unexpected",
    "extensions root",
    "不是内部",
    "recognized",
    "relocation",
    "externally-managed",
    "use_2to3",
    "no space left",
    "library version",
    "fault",
)

_TELLING = (
    "deprecated",
    "redefin",
    "重定义",
    "constexpr",
    "mismatch",
    "bounds",
    "Falling back",
    "Lock file",
    "compatible",
    "for cl",
    "custom C++ ops",
    "torchvision",
    "CUDA capability",
    "cudnn",
    "DISTUTILS_USE_SDK",
    "driver",
    "NumPy",
    "numpy",
)

FOLLOW_ON = re.compile(
    "|".join(
        (
            r"returned non-zero exit status",
            r"died with <Signals",
            r"ninja: (?:build stopped|fatal: .*subcommand)",
            r"Error (?:compiling objects for|building) extension",
            r"(?:error: )?[Cc]ommand .* failed with exit (?:status|code)",
            r"subprocess-exited-with-error|metadata-generation-failed|legacy-install-failure",
            r"[Ff]ailed (?:building|to build)|[Cc]ould not build wheels|Failed cleaning build dir",
            r"errored out with exit status|Encountered error while|did not run successfully",
            r"g?make(?:\[\d+\])?: \*\*\* .*(?:Error|错误) \d+",
            r"compilation terminated|编译中断|\d+ errors? (?:detected in|generated)|[Ee]rror limit reached|too many errors",
            r"ld returned \d+ exit status|ld 返回 ?\d+|linker command failed|symbol\(s\) not found for|LNK1120|LNK1104.*MANIFEST",
            r"Configuring incomplete, errors occurred|Generate step failed",
            r"ptx assembly aborted|ptxas (?:fatal|error)\s*: Ptx assembly",
            r"ChildFailedError|Build step .* marked build as failure|process completed with exit code",
            r"note: This (?:error originates|is an issue)",
            r"Pip subprocess error|CondaEnvException",
            r"ERROR: No matching distribution found",
            r"CUDA kernel errors might be asynchronously|Compile with .TORCH_USE_CUDA_DSA",
            r"^\s*(?:raise|return|assert|except|self\.|subprocess\.)",
        )
    )
)

_ERROR = re.compile(
    "|".join(
        (
            r"^\s*(?:[A-Za-z]:)?[^\s:(][^:(]*\(\d+(?:,\d+)?\)\s?: (?:catastrophic |fatal )?error\b",  # nvcc, MSVC
            r"^\s*(?:[A-Za-z]:)?[^\s:][^:]*:\d+(?::\d+)?: (?:fatal error|error|catastrophic error|致命错误|错误)\s?[:：]",  # gcc, clang
            r"^\s*\S*\s?: (?:fatal )?error (?:LNK|C|D|RC|MSB)\d+",  # link.exe, cl.exe
            r"^\s*(?:nvcc|ptxas|cicc|nvlink|cl|c\+\+|[\w-]*g\+\+(?:-\d+)?|[\w-]*gcc(?:-\d+)?|cc1plus|clang(?:\+\+)?)(?:\.exe)? ?"
            r"(?:fatal|error|[^:]*)\s*: (?:fatal error|error|internal compiler error|编译器内部错误|'\w+' died)",
            r"^\s*(?:nvcc|ptxas|nvlink) (?:fatal|error)\s*:",
            r"(?:^|/)(?:ld|ld\.\w+|collect2): (?:cannot|找不到|error|symbol\(s\)"
            r"|final link|.*undefined reference|.*未定义的引用|.*file format not)",
            r"undefined reference to '|未定义的引用",
            r'^\s*"[^"]+", referenced from:',
            r"^\s*ninja: error:",
            r"^\S*sh: .*(?:not found|未找到命令|: No such file or directory)$",
            r"^\s*CMake Error",
            r"^\s*(?:ERROR|error): (?!$)",
            r"^\s*(?:\w+\.)*[A-Z]\w*(?:Error|Exception|NotFound|Interrupt): ?",
            r"^\s*(?:\w+\.)*[A-Z]\w*(?:Error|Exception)$",
            r"^\s*(?:/\S+: line \d+:\s+\d+ )?Killed\b|^\s*(?:\S+ )?Segmentation fault|^\s*已杀死|^\s*段错误",
            r"g?make(?:\[\d+\])?: \*\*\* ",
        )
    )
)
_WARNING = re.compile(r"\bwarning\s?[:：#]|Warning: |warning [CD]\d{4}|^\s*WARNING|警告\s?[:：]|warnings\.warn|\[W\b")
PYTHON = re.compile(r"^\s*(?:\w+\.)*[A-Z]\w*(?:Error|Exception|NotFound|Interrupt)(?:$|: ?)")
BARE_PYTHON = re.compile(r"^\s*(?:\w+\.)*[A-Z]\w*(?:Error|Exception):?\s*$")
COMMAND = re.compile(
    r"(?:^|[/\\\s\"'])(?:nvcc|g\+\+|gcc|c\+\+|cc|clang(?:\+\+)?|cl|x86_64-\S+-(?:gcc|c\+\+|g\+\+|cc))(?:\.exe)?[\"']? .*(?: -c | /c )"
)
RAISED_WARNING = re.compile(r"^\s*\w*Warning: ")
CMAKE = re.compile(r"^\s*CMake Error")
UNIT = re.compile(r"^FAILED: |^\[\d+/\d+\] ")


def interesting(line: str) -> bool:
    low = line.lower()
    return any(word in low for word in _WORDS)


def telling(line: str) -> bool:
    """Whether a warning is perhaps a known one; most of a log's are not, and need no closer look."""
    return any(word in line for word in _TELLING)


def is_warning(line: str) -> bool:
    return bool(_WARNING.search(line))


def is_follow_on(line: str) -> bool:
    return bool(FOLLOW_ON.search(line))


def is_error(line: str) -> bool:
    return bool(_ERROR.search(line)) and not is_warning(line)
