"""Reading one C++ statement given as tokens: brackets, class heads, declarators."""

from __future__ import annotations

import re

SHOUTED = re.compile(r"[A-Z_][A-Z0-9_]*$")
CLASS_KEYS = frozenset({"class", "struct", "union"})
_HEADS = CLASS_KEYS | {"enum", "namespace", "using", "typedef", "inline", "template"}
_TYPES = frozenset(
    "void bool char short int long float double signed unsigned auto const constexpr static inline virtual explicit extern typename "
    "volatile mutable register friend operator decltype return sizeof alignas noexcept throw override final".split()
)
_NOT_A_NAME = _TYPES | {"if", "while", "for", "switch", "new", "delete", "this", "default", "template", "static_assert", "__attribute__",
                        "__declspec", "__align__", "__launch_bounds__", "defined", "public", "private", "protected", "__noinline__"}  # fmt: skip


def is_name(token: str) -> bool:
    return (token[0].isalpha() or token[0] == "_") and token not in _NOT_A_NAME


def without_decoration(s: list[str], dropped: list[str]) -> list[str]:
    """A statement without its template heads, attributes and leading macro calls; the arguments of those go to ``dropped``."""
    i = 0
    out: list[str] = []
    n = len(s)
    while i < n:
        token = s[i]
        if token == "template" and i + 1 < n and s[i + 1] == "<":
            depth, paren = 0, 0
            i += 1
            while i < n:
                if s[i] in "([":
                    paren += 1
                elif s[i] in ")]":
                    paren -= 1
                elif not paren and s[i] == "<":
                    depth += 1
                elif not paren and s[i] == ">":
                    depth -= 1
                    if depth == 0:
                        break
                i += 1
            i += 1
            continue
        if token == "[" and i + 1 < n and s[i + 1] == "[":
            i = closing_bracket(s, i) + 1
            continue
        if token in ("__attribute__", "__declspec", "alignas", "__align__", "__launch_bounds__") and i + 1 < n and s[i + 1] == "(":
            i = closing_bracket(s, i + 1) + 1
            continue
        if token == "requires" and not out and i + 1 < n and s[i + 1] == "(":
            i = closing_bracket(s, i + 1) + 1
            continue
        if not out and i + 1 < n and s[i + 1] == "(" and SHOUTED.match(token) and len(token) > 2:
            end = closing_bracket(s, i + 1)
            dropped += s[i + 2 : end]
            i = end + 1  # DEPRECATED("...") f(); also MACRO(x) without a semicolon
            continue
        if (
            not out
            and i + 1 < n
            and SHOUTED.match(token)
            and (s[i + 1] in _HEADS or i + 2 < n and s[i + 2] == "(" and SHOUTED.match(s[i + 1]) and len(s[i + 1]) > 2)
        ):
            i += 1  # a macro without arguments on a line of its own
            continue
        out.append(token)
        i += 1
    return out


def closing_bracket(s: list[str], i: int) -> int:
    """The index of the bracket that closes the one at ``i``; the last index if none does."""
    if i < 0:
        return len(s) - 1
    depth = 0
    for j in range(i, len(s)):
        if s[j] in "([":
            depth += 1
        elif s[j] in ")]":
            depth -= 1
            if depth == 0:
                return j
    return len(s) - 1


def opening_bracket(s: list[str], i: int) -> int:
    depth = 0
    for j in range(i, -1, -1):
        if s[j] in ")]":
            depth += 1
        elif s[j] in "([":
            depth -= 1
            if depth == 0:
                return j
    return 0


def open_angles(s: list[str]) -> int:
    return max(0, sum((t == "<") - (t == ">") for t in s))


def assigns(s: list[str]) -> bool:
    """Whether a ``=`` stands outside all brackets: an initialiser, not a default argument."""
    if "=" not in s:
        return False
    depth = 0
    for token in s:
        if token in "([":
            depth += 1
        elif token in ")]":
            depth -= 1
        elif token == "=" and depth == 0:
            return True
    return False


def first_paren(s: list[str]) -> int:
    """The first ``(`` outside template arguments that belongs to a declarator; -1."""
    depth = 0
    i = 0
    while i < len(s):
        token = s[i]
        if token == "<" and i and is_name(s[i - 1]):
            depth += 1
        elif token == ">" and depth:
            depth -= 1
        elif token == "(":
            before = s[i - 1] if i else ""
            if (
                depth
                or before in ("decltype", "noexcept", "alignas", "explicit", "__attribute__")
                or (
                    i > 1
                    and SHOUTED.match(before or "0")
                    and closing_bracket(s, i) + 1 < len(s)
                    and is_name(s[closing_bracket(s, i) + 1])
                    and s[closing_bracket(s, i) + 1] != "const"
                )
            ):
                i = closing_bracket(s, i)
            else:
                return i
        i += 1
    return -1


def class_name(s: list[str]) -> str | None:
    """The name of a class head ("" where it has none); None if this is no class head."""
    names: list[str] = []
    i = 1
    while i < len(s):
        token = s[i]
        if token == ":":
            break
        if token == "(":
            if not (names and SHOUTED.match(names[-1])):
                return None
            names.pop()
            i = closing_bracket(s, i)
        elif token == "<":
            break
        elif token == "::" and names and i + 1 < len(s) and is_name(s[i + 1]):
            names[-1] += "::" + s[i + 1]
            i += 1
        elif token in ("*", "&"):
            return None
        elif is_name(token):
            names.append(token)
        i += 1
    return names[-1] if names else ""


def base_classes(s: list[str]) -> list[str]:
    if ":" not in s:
        return []
    found, depth, current = [], 0, ""
    for token in [*s[s.index(":") + 1 :], ","]:
        if token == "<":
            depth += 1
        elif token == ">":
            depth -= 1
        elif depth <= 0:
            if token == ",":
                if current:
                    found.append(current)
                current = ""
            elif token not in ("public", "private", "protected", "virtual") and (token == "::" or is_name(token)):
                current += token
    return found
