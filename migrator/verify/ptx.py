"""PTX text as values: kernels with all that they use, and nothing in them that only the compiler's bookkeeping chose.

Normalised are: names with a hash of the file in them, the numbers of registers, labels, call sequences and string
literals, `.file`/`.loc` lines, comments, and inside an `assert` the line number, the file path and `signed long` for
`long` in the name of the function. Registers and labels are
renamed one to one in order of first use, so two texts become equal only if they are the same program.
Everything else stands: opcodes, modifiers, operands, constants, parameters, launch bounds, shared and local memory,
the functions that a kernel calls and the variables that it touches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_LINE_DIRECTIVE = re.compile(r"\.(?:version|target|address_size|file|loc)\b[^\n]*")
_FUNCTION = re.compile(r"(?:\.(?:visible|weak|extern|common)\s+)*\.(entry|func)\b")
_FUNCTION_NAME = re.compile(r"\.(?:entry|func)\s+(?:\([^)]*\)\s*)?([\w$.]+)")
_VARIABLE_NAME = re.compile(r"([\w$.]+)\s*(?:\[[^\]]*\]\s*)*(?:=|$)")
_LABEL = re.compile(r"([A-Za-z_$%][\w$]*)\s*:(?!:)")
_REGISTERS = re.compile(r"^\.reg\s+\.\w+\s+%(\w+?)<\d+>$")
_WORD = re.compile(r"%[A-Za-z_][\w]*|[$A-Za-z_][\w$]*")
_HASHED = re.compile(r"(\d+)(_(?:GLOBAL__N_|INTERNAL_))")
_STATIC = re.compile(r"__nv_static_(\d+)_")
_LITERAL = re.compile(r"(?:\$str(?:\$\d+)?|__unnamed_\d+)$")
_ASSERT_LINE = re.compile(r"^(st\.param\.[bu]32 \[param2(?:\+0)?\], )\d+$")


@dataclass(frozen=True)
class Function:
    """One .entry or .func as it stands in the text: its header and its statements."""

    name: str
    kernel: bool
    header: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A kernel's own body, a function that it calls, or a variable that it touches."""

    title: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Kernel:
    """One kernel, normalised, with everything that it reaches. `key` is its mangled name without file hashes."""

    key: str
    sections: tuple[Section, ...]

    @cached_property
    def instructions(self) -> int:
        return sum(1 for s in self.sections for line in s.statements if line[:1] not in ".{}$")

    @cached_property
    def anonymous(self) -> tuple[tuple[str, ...], ...]:
        """The sections without names that signatures go into, for kernels whose parameters' types were respelled.

        Such are the names of the kernel, of the functions that it calls, and of the variables within them (`_ZZ4sumsIfEvPT_E4tile` of
        `_Z4sumsIfEvPT_`); each gets a number in order of first use. Variables that the host may name keep theirs.
        """
        numbers = {self.key: "KERNEL"}
        for section in self.sections:
            kind, _, name = section.title.partition(" ")
            if kind == "function":
                numbers[name] = f"FUNCTION{len(numbers)}"

        def word(match: re.Match[str]) -> str:
            name, mark, number = match.group().rpartition("_param_")
            if name in numbers:
                return numbers[name] + mark + number
            name = match.group()
            return numbers.setdefault(name, f"LOCAL{len(numbers)}") if name.startswith("_ZZ") else numbers.get(name, name)

        return tuple(tuple(_WORD.sub(word, line) for line in s.statements) for s in self.sections)


@dataclass
class Module:
    functions: dict[str, Function] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    externs: set[str] = field(default_factory=set)


def read_kernels(text: str) -> dict[str, Kernel]:
    """The kernels of a PTX text, by key."""
    module = read_module(text)
    kernels: dict[str, Kernel] = {}
    for function in module.functions.values():
        if function.kernel:
            kernel = _kernel(function, module)
            kernels[kernel.key] = kernel
    return kernels


# -- reading -------------------------------------------------------------------------------------------------------


def read_module(text: str) -> Module:
    text = _LINE_DIRECTIVE.sub("", _COMMENT.sub("", text))
    module = Module()
    at = 0
    while True:
        at = _skip_space(text, at)
        if at >= len(text):
            return module
        if text.startswith(".section", at):
            at = _closing(text, text.index("{", at)) + 1
        elif _FUNCTION.match(text, at):
            at = _read_function(text, at, module)
        elif text[at] in "{};":
            at += 1
        else:
            end = text.find(";", at)
            end = len(text) if end < 0 else end
            _read_variable(" ".join(text[at:end].split()), module)
            at = end + 1


def _read_function(text: str, at: int, module: Module) -> int:
    brace, semicolon = text.find("{", at), text.find(";", at)
    declared_only = brace < 0 or 0 <= semicolon < brace
    end = semicolon if declared_only else brace
    if end < 0:
        return len(text)
    header = " ".join(text[at:end].split())
    match = _FUNCTION_NAME.search(header)
    name = match.group(1) if match else header
    if declared_only:
        module.externs.add(name)
        return end + 1
    close = _closing(text, brace)
    kernel = re.search(r"\.entry\b", header) is not None
    module.functions[name] = Function(name, kernel, header, tuple(_statements(text[brace + 1 : close])))
    return close + 1


def _read_variable(declaration: str, module: Module) -> None:
    match = _VARIABLE_NAME.search(declaration)
    if match and declaration.startswith("."):
        module.variables[match.group(1)] = declaration


def _statements(body: str) -> list[str]:
    out: list[str] = []
    at = 0
    while True:
        at = _skip_space(body, at)
        if at >= len(body):
            return out
        if body[at] in "{}":
            out.append(body[at])
            at += 1
            continue
        label = _LABEL.match(body, at)
        if label:
            out.append(label.group(1) + ":")
            at = label.end()
            continue
        end = body.find(";", at)
        end = len(body) if end < 0 else end
        statement = re.sub(r"\s*,\s*", ", ", re.sub(r"\s+", " ", body[at:end])).strip()
        if statement:
            out.append(re.sub(r"\(\s+|\s+\)", lambda m: m.group().strip(), statement))
        at = end + 1


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _closing(text: str, brace: int) -> int:
    depth = 0
    for at in range(brace, len(text)):
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
    return len(text)


# -- normalising ---------------------------------------------------------------------------------------------------


def plain_name(name: str) -> str:
    """A symbol's name without the hash of the file that it stands in."""
    while True:
        match = _HASHED.search(name)
        if match is None:
            break
        length, start = int(match.group(1)), match.end(1)
        kind = "GLOBAL" if "GLOBAL" in match.group(2) else "INTERNAL"
        whole = name[start : start + length]
        if len(whole) < length:
            # Digits of an identifier before it ran into the length: take the shortest number that fits.
            digits = match.group(1)
            for cut in range(1, len(digits)):
                if len(name) - start >= int(digits[cut:]):
                    length, whole = int(digits[cut:]), name[start : start + int(digits[cut:])]
                    break
            else:
                break
            name = name[: start - len(digits) + cut] + "\0" + kind + name[start + length :]
            continue
        name = name[: match.start()] + "\0" + kind + name[start + length :]
    name = name.replace("\0GLOBAL", "12_GLOBAL__N_1").replace("\0INTERNAL", "")
    static = _STATIC.search(name)
    if static:
        name = name[: static.start()] + "static_" + name[static.end() + int(static.group(1)) :].lstrip("_")
    return name


def _kernel(function: Function, module: Module) -> Kernel:
    key = plain_name(function.name)
    sections: list[Section] = []
    waiting = [function.name]
    seen = {function.name}
    while waiting:
        name = waiting.pop(0)
        section, used = _section(name, module)
        sections.append(section)
        for other in used:
            if other not in seen and not _is_literal(other, module):  # a literal's text stands where it is used
                seen.add(other)
                waiting.append(other)
    return Kernel(key, tuple(sections))


def _section(name: str, module: Module) -> tuple[Section, list[str]]:
    """One function or variable, normalised, and the module's names that it uses."""
    if name in module.variables:
        text = module.variables[name].replace(name, _shown(name, module), 1)
        _, _, value = module.variables[name].partition("=")
        used = [w for w in _WORD.findall(value) if w in module.variables or w in module.functions]
        for word in used:
            text = re.sub(rf"(?<![\w$]){re.escape(word)}(?![\w$])", lambda m: _shown(m.group(), module), text)
        return Section(f"variable {plain_name(name)}", (text,)), used
    function = module.functions[name]
    renamer = _Renamer(function, module)
    lines = [renamer.line(function.header)]
    body = _without_assert_lines(function.statements)
    lines += [renamer.line(s) for s in body if not _REGISTERS.match(s)]
    title = "kernel" if function.kernel else "function"
    return Section(f"{title} {plain_name(name)}", tuple(lines)), renamer.used


def _without_assert_lines(statements: tuple[str, ...]) -> list[str]:
    """The line number that `assert` passes to __assertfail moves with every line added above it."""
    out = list(statements)
    for at, statement in enumerate(out):
        if statement.startswith("call") and re.search(r"\b__assertfail\b", statement):
            for back in range(at - 1, max(-1, at - 24), -1):
                if out[back] == "{":
                    break
                out[back] = _ASSERT_LINE.sub(r"\1LINE", out[back])
    return out


class _Renamer:
    """Renames the registers, labels and hashed names of one function in order of first use."""

    def __init__(self, function: Function, module: Module) -> None:
        self.module = module
        self.own = function.name
        self.used: list[str] = []
        self.classes = {m.group(1) for s in function.statements if (m := _REGISTERS.match(s))}
        self.labels = {s[:-1] for s in function.statements if s.endswith(":")}
        self.names: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def line(self, statement: str) -> str:
        return _WORD.sub(lambda m: self.word(m.group()), statement)

    def word(self, word: str) -> str:
        if word in self.names:
            return self.names[word]
        self.names[word] = new = self.renamed(word)
        return new

    def renamed(self, word: str) -> str:
        if word.startswith("%"):
            match = re.fullmatch(r"%(\w*?[A-Za-z_])(\d+)", word)
            return self.numbered("%" + match.group(1)) if match and match.group(1) in self.classes else word
        if word in self.labels:
            return self.numbered("prototype_" if word.startswith("prototype") else "$L")
        if word.startswith("__local_depot"):
            return "__local_depot"
        if word in self.module.variables or word in self.module.functions:
            if word != self.own and word not in self.used:
                self.used.append(word)
            return _shown(word, self.module)
        if word.startswith(self.own + "_param_"):
            return plain_name(self.own) + word[len(self.own) :]
        return plain_name(word)

    def numbered(self, prefix: str) -> str:
        self.counts[prefix] = self.counts.get(prefix, 0) + 1
        return f"{prefix}{self.counts[prefix]}"


def _shown(name: str, module: Module) -> str:
    """A module-level name as it is compared: string literals by what they say, all others by name without hash."""
    return f'"{_string_of(module.variables[name])}"' if _is_literal(name, module) else plain_name(name)


def _is_literal(name: str, module: Module) -> bool:
    return _LITERAL.match(name) is not None and _string_of(module.variables.get(name, "")) is not None


def _string_of(declaration: str) -> str | None:
    match = re.search(r"\.b8 \S+?\[\d+\] = \{([\d, ]*)\}", declaration)
    if not match:
        return None
    data = bytes(int(n) & 255 for n in match.group(1).split(",") if n.strip())
    text = data.split(b"\0")[0].decode("utf-8", "replace")
    if re.fullmatch(r"(?:/[^\n\"]*|[\w./+-]+)/[\w.+-]+\.\w+", text):  # a path, as assert records it
        return re.sub(r".*/include/", "", text) if "/include/" in text else text.rpartition("/")[2]
    if re.search(r"\w\(.*\)", text):  # a function, as assert records it: int64_t is spelled `signed long` there, long is not
        text = re.sub(r"\bsigned (?=(?:long|int|short)\b)", "", text)
    return text.replace("\n", "\\n")
