"""What a C++ header declares: a scanner of declarations, fast enough for three hundred megabytes of headers.

It reads tokens, keeps a stack of scopes and skips every body, so a macro that no parser understands spoils one declaration and not the
file. Both arms of an ``#if`` are read; each starts from the scopes that the ``#if`` found. What macros generate is not seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from migrator.api.statement import (
    CLASS_KEYS,
    SHOUTED,
    assigns,
    base_classes,
    class_name,
    closing_bracket,
    first_paren,
    is_name,
    open_angles,
    opening_bracket,
    without_decoration,
)

# Kinds of names.
MACRO, MACRO_CALL, FUNCTION, CLASS, ENUM, ENUMERATOR, ALIAS, VARIABLE, METHOD, FIELD, USING, NAMESPACE = "omfcnetvFduN"

LONGEST = 4000  # tokens of one statement; what is longer is a table, or something that was not understood

_COMMENT_OR_STRING = re.compile(
    r'//(?:\\\n|[^\n])*|/\*.*?\*/|R"([^()\\\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|\b\d[\w.\']*', re.S
)
_TOKEN = re.compile(r'^[ \t]*#(?:\\\n|[^\n])*|[A-Za-z_]\w*|::|->|"|[^\s\w]', re.M)
_UNQUALIFIED = re.compile(r"(?<![\w:.>])[A-Za-z_]\w*")
_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(\w+)[ \t]*(.*)", re.S)
_NAME = re.compile(r"([A-Za-z_]\w*)(\()?")
# Macros that open and close a namespace (CCCL's).
_NAMESPACE_MACROS = {"CUB_NAMESPACE_BEGIN": "cub", "CUB_NAMESPACE_END": "", "THRUST_NAMESPACE_BEGIN": "thrust", "THRUST_NAMESPACE_END": ""}


@dataclass(frozen=True)
class Scan:
    """What one header has: ``names`` as (qualified name, kind), ``bases`` as (class, base as written).

    ``murky`` are the words that stand in macro bodies and in macro calls at the level of declarations: what a macro makes of them is not
    known, so one of them may be declared here.
    """

    names: frozenset[tuple[str, str]]
    bases: frozenset[tuple[str, str]]
    murky: frozenset[str]


def clean(text: str) -> str:
    """The text without comments, with every string as ``""`` and no numbers; continued lines stay continued."""

    def stand_in(m: re.Match) -> str:
        head = m.group()[0]
        return '"' if head in '"R' else "0" if head.isdigit() or head == "'" else " " if "\n" not in m.group() else "\n"

    return _COMMENT_OR_STRING.sub(stand_in, text.replace("\r\n", "\n"))


def scan(text: str) -> Scan:
    """The declarations of one header."""
    text = clean(text)
    scanner = _Scanner()
    scanner.run(_TOKEN.findall(text))
    names = scanner.names | {(macro, kind) for macro, kind in scanner.macros.items()}
    return Scan(frozenset(names), frozenset(scanner.bases), frozenset(scanner.murky))


class _Scanner:
    def __init__(self) -> None:
        self.names: set[tuple[str, str]] = set()
        self.bases: set[tuple[str, str]] = set()
        self.macros: dict[str, str] = {}
        self.murky: set[str] = set()
        self.scopes: tuple[tuple[str, str], ...] = ()  # (kind: n namespace, c class, e enum, x transparent; name)
        self.statement: list[str] = []
        self.paren = 0
        self.skip = 0
        self.go_on = False  # the statement goes on after the braces that are skipped

    def run(self, tokens: list[str]) -> None:
        arms: list[list] = []  # [state at the #if, state after its first arm, whether this arm is dead]
        for token in tokens:
            head = token[0]
            if head == "#" or (head in " \t" and token.lstrip()[0] == "#"):
                self._directive(token, arms)
            elif arms and arms[-1][2]:
                continue
            elif self.skip:
                if token == "{":
                    self.skip += 1
                elif token == "}":
                    self.skip -= 1
                    if not self.skip:
                        if self.go_on:
                            self.statement.append("}")
                        else:
                            self.statement = []
            elif token in "([":
                self.paren += 1
                self.statement.append(token)
            elif token in ")]":
                self.paren = max(0, self.paren - 1)
                self.statement.append(token)
                if not self.paren and self.statement[0] in ("HIDDEN_NAMESPACE_BEGIN", "HIDDEN_NAMESPACE_END"):
                    self._hidden_namespace()
            elif self.paren:
                if token == "{":
                    self.skip, self.go_on = 1, True
                elif token == "}":  # out of step: an unbalanced parenthesis in a macro
                    self.paren = 0
                    self._close()
                else:
                    self.statement.append(token)
            elif token == ";":
                self._finish(self.statement)
                self.statement = []
            elif token in _NAMESPACE_MACROS:
                self.statement = []
                name = _NAMESPACE_MACROS[token]
                if name:
                    self.names.add((self._prefix() + name, NAMESPACE))
                    self._push("n", name)
                else:
                    self._close()
            elif token == "{":
                self._open()
            elif token == "}":
                self._close()
            elif token == "," and self.scopes and self.scopes[-1][0] == "e":
                self._enumerator()
            elif token == ":" and len(self.statement) == 1 and self.statement[0] in ("public", "private", "protected"):
                self.statement = []
            elif len(self.statement) < LONGEST:
                self.statement.append(token)

    def _state(self):
        return self.scopes, list(self.statement), self.paren, self.skip, self.go_on

    def _restore(self, state) -> None:
        self.scopes, self.statement, self.paren, self.skip, self.go_on = state[0], list(state[1]), *state[2:]

    def _directive(self, token: str, arms: list[list]) -> None:
        m = _DIRECTIVE.match(token)
        if m is None:
            return
        word, rest = m.group(1), m.group(2)
        dead = bool(arms) and arms[-1][2]
        if word in ("if", "ifdef", "ifndef"):
            arms.append([self._state(), None, dead or (word == "if" and rest.strip() == "0"), dead])
        elif word in ("else", "elif") and arms:
            top = arms[-1]
            if top[1] is None and not top[2]:
                top[1] = self._state()
            self._restore(top[0])
            top[2] = top[3]
        elif word == "endif" and arms:
            top = arms.pop()
            if top[1] is not None:
                self._restore(top[1])
        elif word == "define" and not dead and (n := _NAME.match(rest)):
            self.macros[n.group(1)] = MACRO_CALL if n.group(2) else MACRO
            self.murky.update(_UNQUALIFIED.findall(rest, n.end()))
        elif word == "undef" and not dead and (n := _NAME.match(rest)):
            self.macros.pop(n.group(1), None)

    # scopes

    def _prefix(self) -> str:
        return "".join(name + "::" for kind, name in self.scopes if name and kind != "x")

    def _bare(self, statement: list[str]) -> list[str]:
        dropped: list[str] = []
        s = without_decoration(statement, dropped)
        self.murky.update(filter(is_name, dropped))
        return s

    def _add(self, name: str, kind: str) -> None:
        self.names.add((self._prefix() + name, kind))

    def _in_class(self) -> bool:
        return bool(self.scopes) and self.scopes[-1][0] == "c"

    def _open(self) -> None:
        """A ``{`` outside parentheses: a scope, a body, or an initialiser."""
        s = self._bare(self.statement)
        if self.scopes and self.scopes[-1][0] == "e":
            self.skip, self.go_on = 1, True
            return
        if not s:
            self._push("x", "")
            return
        if s[0] == "inline" and len(s) > 1 and s[1] == "namespace":
            self._push("x", "")
            return
        if s[0] == "namespace":
            names = [t for t in s[1:] if t[0].isalpha() or t[0] == "_"]
            names = [t for t in names if not SHOUTED.match(t) or len(names) == 1]
            for i in range(len(names)):
                self.names.add((self._prefix() + "::".join(names[: i + 1]), NAMESPACE))
            self._push("n", "::".join(names))
            return
        if s[0] == "extern" and len(s) == 2 and s[1] == '"':
            self._push("x", "")
            return
        typedef = s[0] == "typedef"
        if typedef:
            s = s[1:]
        if s and s[0] == "enum":
            names = [t for t in s[1 : s.index(":") if ":" in s else None] if is_name(t) and t not in CLASS_KEYS]
            scoped = len(s) > 1 and s[1] in CLASS_KEYS
            if names:
                self._add(names[-1], ENUM)
            self._push("e", names[-1] if scoped and names else "", typedef)
            return
        if s and s[0] in CLASS_KEYS and not assigns(s) and (name := class_name(s)) is not None:
            if name:
                self._add(name, CLASS)
                full = self._prefix() + name
                for base in base_classes(s):
                    self.bases.add((full, base))
            self._push("c", name, typedef)
            return
        if "operator" not in s and assigns(s):
            self.skip, self.go_on = 1, True
            return
        close = len(s) - 1 - s[::-1].index(")") if ")" in s else -1
        if close < 0:
            self.skip, self.go_on = 1, True  # T x{...};
            return
        first_close = closing_bracket(s, first_paren(s))
        if ":" in s[first_close:] and s[-1] not in (")", "}"):
            self.skip, self.go_on = 1, True  # a member initialised by braces
            return
        self._finish(self.statement)
        self.skip, self.go_on = 1, False

    def _hidden_namespace(self) -> None:
        """``HIDDEN_NAMESPACE_BEGIN(torch, stable)`` of torch/headeronly, and its end."""
        macro, *rest = self.statement
        self.statement = []
        if macro.endswith("END"):
            self._close()
            return
        names = [t for t in rest if is_name(t)]
        for i in range(len(names)):
            self.names.add((self._prefix() + "::".join(names[: i + 1]), NAMESPACE))
        self._push("n", "::".join(names))

    def _push(self, kind: str, name: str, typedef: bool = False) -> None:
        self.scopes = (*self.scopes, (kind + ("t" if typedef else ""), name) if typedef else (kind, name))
        if typedef:
            self.scopes = (*self.scopes[:-1], ("e" if kind == "e" else "c", name), ("x", "typedef"))
        self.statement = []
        if typedef:  # the marker lies below the scope itself
            marker = self.scopes[-1]
            self.scopes = (*self.scopes[:-2], marker, self.scopes[-2])

    def _close(self) -> None:
        if self.scopes and self.scopes[-1][0] == "e":
            self._enumerator()
        elif self.statement:
            self._finish(self.statement)
        self.statement = []
        if self.scopes:
            self.scopes = self.scopes[:-1]
            if self.scopes and self.scopes[-1] == ("x", "typedef"):
                self.scopes = self.scopes[:-1]
                self.statement = ["typedef", "int"]

    def _enumerator(self) -> None:
        s = self._bare(self.statement)
        self.statement = []
        if s and is_name(s[0]) and (len(s) == 1 or s[1] in ("=", "[", "__attribute__", "(") or is_name(s[1])):
            if len(s) > 1 and s[1] == "(":
                self.murky.update(filter(is_name, s))  # a macro that makes enumerators
                return
            self._add(s[0], ENUMERATOR)

    # statements

    def _finish(self, statement: list[str]) -> None:
        """A declaration, up to its ``;`` or body."""
        s = self._bare(statement)
        if len(s) < 2 or s[0] in ("static_assert", "friend", "template", "goto", "return"):
            return
        if s[0] == "using":
            if s[1] == "namespace":
                return
            if "=" in s:
                self._add(s[1], ALIAS)
            elif is_name(s[-1]):
                self._add(s[-1], USING)
            return
        if s[0] == "typedef":
            for i, token in enumerate(s):
                if token == "(" and i + 2 < len(s) and s[i + 1] == "*" and is_name(s[i + 2]):
                    self._add(s[i + 2], ALIAS)
                    return
            for i, token in enumerate(s):
                if (token == "," or i == len(s) - 1) and open_angles(s[:i]) == 0:
                    j = i - 1 if token == "," else i
                    while j > 0 and s[j] in ")]":
                        j = opening_bracket(s, j) - 1
                    if is_name(s[j]):
                        self._add(s[j], ALIAS)
            return
        if s[0] == "namespace":
            if "=" in s:
                self._add(s[1], NAMESPACE)
            return
        if s[0] == "enum" or (s[0] in CLASS_KEYS and "(" not in s and "=" not in s):
            if s[0] in CLASS_KEYS and len([t for t in s if is_name(t) and not SHOUTED.match(t)]) > 2 and "*" in s and is_name(s[-1]):
                self._add(s[-1], FIELD if self._in_class() else VARIABLE)
            return  # forward declaration
        if "operator" in s:
            return
        at = first_paren(s)
        equals = s.index("=") if "=" in s else len(s)
        if 0 <= at < equals:
            if at + 2 < len(s) and s[at + 1] == "*" and is_name(s[at + 2]):
                self._add(s[at + 2], FIELD if self._in_class() else VARIABLE)
                return
            if at > 0 and is_name(s[at - 1]):
                self._declarator(s, at - 1, METHOD if self._in_class() else FUNCTION)
            elif at > 1 and s[at - 1] == ">":  # an explicit specialisation: f<int>(
                i, depth = at - 1, 0
                while i > 0:
                    depth += (s[i] == ">") - (s[i] == "<")
                    i -= 1
                    if depth == 0:
                        break
                if is_name(s[i]):
                    self._declarator(s, i, METHOD if self._in_class() else FUNCTION)
            return
        # variables and fields: the name before = [ { , ; or a bit field's colon
        depth = 0
        ends = []
        for i, token in enumerate(s):
            if token == "<" and i and is_name(s[i - 1]):
                depth += 1
            elif token == ">":
                depth = max(0, depth - 1)
            elif depth == 0 and token in ("=", "[", ",", ":", "}"):
                ends.append(i)
                if token in ("=", "}"):
                    break
        else:
            ends.append(len(s))
        for i in ends:
            if i > 1 and is_name(s[i - 1]) and not (s[i - 1] == "delete" or s[i - 1] == "default"):
                self._declarator(s, i - 1, FIELD if self._in_class() else VARIABLE)

    def _declarator(self, s: list[str], i: int, kind: str) -> None:
        """Record the (possibly qualified) name that ends at token ``i``."""
        name = s[i]
        if i > 0 and s[i - 1] == "~":
            return
        j = i
        while j >= 2 and s[j - 1] == "::" and is_name(s[j - 2]):
            j -= 2
            name = s[j] + "::" + name
        if j == 0 and kind == METHOD or (j == 0 and "::" in name):
            return  # a constructor, or a macro
        if j == 0:
            return
        if "::" in name and kind == FUNCTION:
            kind = METHOD  # defined out of line
        self._add(name, kind)
