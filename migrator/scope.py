"""What a name is here: its declared type, as far as it can be known without a compiler."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from migrator.syntax.tree import Node, Tree

_QUALIFIERS = re.compile(r"\b(const|volatile|static|inline|extern|constexpr|register|typename|struct|mutable|__restrict__|__shared__|__device__|__constant__|__host__)\b")
TENSOR_TYPES = frozenset(
    {"at::Tensor", "torch::Tensor", "Tensor", "Variable", "torch::autograd::Variable", "autograd::Variable", "::at::Tensor", "at::TensorBase"}
)
_OPTIONAL = re.compile(r"^(?:::)?(?:(?:at|c10|torch|std)::)?optional<(.*)>$")
# Methods of a tensor that give a tensor.
TENSOR_METHODS = frozenset(
    "contiguous view clone detach to toType toBackend cuda cpu narrow select slice transpose t permute squeeze unsqueeze expand expand_as "
    "view_as reshape flatten index_select masked_select gather sum mean max min abs add sub mul div sqrt pow exp log neg fill_ zero_ "
    "resize_ resize_as_ copy_ add_ sub_ mul_ div_ clamp clamp_ type_as nonzero index diagonal unfold repeat mm bmm matmul eq ne lt gt le ge "
    "floor ceil round sigmoid tanh relu cumsum prod any all topk sort variable_data tensor_data grad data new_zeros new_empty new_ones".split()
)
# Functions of at:: and torch:: that give a tensor.
TENSOR_FUNCTIONS = frozenset(
    "zeros ones empty full rand randn arange tensor from_blob zeros_like ones_like empty_like full_like rand_like randn_like cat stack mm bmm "
    "matmul addmm where nonzero sum mean max min sqrt exp log pow abs clamp scalar_tensor linspace eye index_select gather masked_select "
    "make_variable sigmoid tanh relu transpose tensorFromBlob squeeze unsqueeze sort topk softmax log_softmax bmm baddbmm einsum".split()
)


@dataclass(frozen=True)
class Type:
    """A type without cv-qualifiers and references: ``base`` and the number of ``*``. ``template`` if ``base`` is a template parameter."""

    base: str
    pointers: int = 0
    template: bool = False

    @property
    def is_tensor(self) -> bool:
        base = self.base
        optional = _OPTIONAL.match(base)
        if optional:
            base = optional.group(1).strip()
        return base in TENSOR_TYPES

    @property
    def is_known(self) -> bool:
        return self.base != "auto"


TENSOR = Type("at::Tensor")


def normalise(text: str) -> str:
    """A type's text without qualifiers, references and blanks."""
    text = _QUALIFIERS.sub(" ", text).replace("&", " ")
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s*(::|<|>|,)\s*", r"\1", text)
    return text


def parse_type(text: str) -> Type:
    """``"const float* __restrict__"`` -> ``Type("float", 1)``."""
    clean = normalise(text)
    pointers = 0
    while clean.endswith("*"):
        clean, pointers = clean[:-1].rstrip(), pointers + 1
    return Type(clean, pointers)


class Declaration:
    """One declared name: the name node, the declaration node it stands in, its type, and its initialiser."""

    __slots__ = ("name", "node", "value", "is_parameter", "_text", "_pointers", "_type")

    def __init__(self, name: Node, node: Node, text: str, pointers: int = 0, value: Node | None = None, is_parameter: bool = False):
        self.name = name
        self.node = node
        self.value = value
        self.is_parameter = is_parameter
        self._text = text
        self._pointers = pointers
        self._type: Type | None = None  # most declarations are never asked for theirs

    @property
    def type(self) -> Type:
        if self._type is None:
            if self.node.kind in TYPE_PARAMETERS:
                self._type = Type(self._text, template=True)
            else:
                type = parse_type(self._text)
                self._type = replace(type, pointers=type.pointers + self._pointers)
        return self._type


TYPE_PARAMETERS = frozenset({"type_parameter_declaration", "optional_type_parameter_declaration", "variadic_type_parameter_declaration"})


def _place(declaration: Declaration) -> int:
    return declaration.name.start


_SCOPES = {
    "compound_statement", "function_definition", "lambda_expression", "for_statement", "for_range_loop", "translation_unit",
    "declaration_list", "field_declaration_list", "template_declaration", "if_statement", "while_statement", "case_statement", "ERROR",
    "catch_clause", "condition_clause",
}
_TRANSPARENT = {
    "preproc_if", "preproc_ifdef", "preproc_else", "preproc_elif", "linkage_specification", "declaration_list", "labeled_statement", "ERROR",
    "condition_clause", "init_statement",
}


def declarator_name(node: Node) -> tuple[Node | None, int, Node | None, bool]:
    """Unwrap a declarator: (name node, pointer depth, initialiser, is a function)."""
    pointers, value, function = 0, None, False
    current: Node | None = node
    while current is not None:
        kind = current.kind
        if kind in ("identifier", "field_identifier", "type_identifier", "qualified_identifier", "operator_name", "destructor_name"):
            return current, pointers, value, function
        if kind == "init_declarator":
            value = current.field_child("value")
        elif kind in ("pointer_declarator", "abstract_pointer_declarator"):
            pointers += 1
        elif kind == "array_declarator":
            pointers += 1
        elif kind == "function_declarator":
            function = True
        inner = current.field_child("declarator")
        if inner is None:
            inner = next((c for c in current.named if "declarator" in c.kind or c.kind in ("identifier", "field_identifier")), None)
        current = inner
    return None, pointers, value, function


def declarations_in(node: Node, parameter: bool = False) -> list[Declaration]:
    """The names that one declaration, parameter, or field declaration node declares."""
    type_node = node.field_child("type")
    if type_node is None:
        return []
    text = type_node.text
    result = []
    for child in node.children:
        if child.field != "declarator":
            continue
        name, pointers, value, function = declarator_name(child)
        if name is None or (function and not parameter and value is None and _is_prototype(child)):
            continue
        result.append(Declaration(name, node, text, pointers, value, parameter))
    return result


def _is_prototype(declarator: Node) -> bool:
    """``T f(int a);`` declares a function; ``T x(expr);`` that the grammar reads as one does not (a constructor call)."""
    node: Node | None = declarator
    while node is not None and node.kind != "function_declarator":
        node = node.field_child("declarator")
    if node is None:
        return False
    return node.enclosing("compound_statement") is None


class Scopes:
    """Look-ups of declared names in one tree. Tables are built for the scopes that are asked for, once each."""

    def __init__(self, tree: Tree):
        self.tree = tree
        self._tables: dict[Node, dict[str, list[Declaration]]] = {}
        self._structs: dict[str, Node | None] = {}
        self._returned: dict[str, Type | None] = {}

    def lookup(self, name: str, at: Node) -> Declaration | None:
        """The declaration of ``name`` that is visible at a node, innermost first; None when there is none in this file."""
        tables = self._tables
        scope = at.parent
        while scope is not None:
            if scope.kind in _SCOPES:
                table = tables.get(scope)
                found = (self._table(scope) if table is None else table).get(name)
                if found:
                    before = bisect_right(found, at.start, key=_place)  # they are in the order of the file
                    if before:
                        return found[before - 1]
                    if scope.kind in ("field_declaration_list",):
                        return found[0]
            scope = scope.parent
        return None

    def _table(self, scope: Node) -> dict[str, list[Declaration]]:
        table = self._tables[scope] = {}
        for declaration in self._declarations(scope):
            table.setdefault(declaration.name.text, []).append(declaration)
        return table

    def _declarations(self, scope: Node):
        if scope.kind in ("function_definition", "lambda_expression"):
            for child in scope.children:
                if child.field == "declarator":
                    for node in _parameters(child):
                        yield from declarations_in(node, parameter=True)
            return
        if scope.kind == "template_declaration":
            parameters = scope.field_child("parameters")
            for parameter in parameters.named if parameters else ():
                if parameter.kind in TYPE_PARAMETERS:
                    name = next((c for c in parameter.named if c.kind == "type_identifier"), None)
                    if name is not None:
                        yield Declaration(name, parameter, name.text)
                else:
                    yield from declarations_in(parameter)
            return
        stack = list(reversed(scope.children))
        while stack:
            node = stack.pop()
            if node.kind in ("declaration", "field_declaration", "for_range_loop", "parameter_declaration"):
                yield from declarations_in(node)
            elif node.kind in _TRANSPARENT:
                stack.extend(reversed(node.children))
        if scope.kind == "for_range_loop":
            yield from declarations_in(scope)

    def is_template_parameter(self, name: str, at: Node) -> bool:
        declaration = self.lookup(name, at)
        return declaration is not None and declaration.type.template

    def type_of(self, node: Node, depth: int = 0) -> Type | None:
        """The type of a simple expression, or None when it cannot be known here."""
        if depth > 20:
            return None
        kind = node.kind
        if kind == "identifier":
            declaration = self.lookup(node.text, node)
            if declaration is None:
                return None
            if declaration.type.base == "auto":
                return self.type_of(declaration.value, depth + 1) if declaration.value is not None else None
            base = self.lookup(declaration.type.base, node)
            if base is not None and base.type.template:
                return replace(declaration.type, template=True)
            return declaration.type
        if kind == "parenthesized_expression":
            return self.type_of(node.named[0], depth + 1) if node.named else None
        if kind == "call_expression":
            return self._call(node, depth)
        if kind == "subscript_expression":
            inner = node.field_child("argument")
            type = self.type_of(inner, depth + 1) if inner is not None else None
            if type is None:
                return None
            if type.is_tensor and not type.pointers:
                return TENSOR
            if type.pointers:
                return replace(type, pointers=type.pointers - 1)
            return self._element(type)
        if kind == "pointer_expression":
            inner = node.field_child("argument")
            type = self.type_of(inner, depth + 1) if inner is not None else None
            if type is None:
                return None
            return replace(type, pointers=max(0, type.pointers + (1 if node.children[0].kind == "&" else -1)))
        if kind == "binary_expression":
            left, right = node.field_child("left"), node.field_child("right")
            for side in (left, right):
                type = self.type_of(side, depth + 1) if side is not None else None
                if type is not None and (type.pointers or type.is_tensor):
                    return type
            return None
        if kind == "cast_expression":
            type_node = node.field_child("type")
            return self._resolve(parse_type(type_node.text), node) if type_node is not None else None
        if kind == "conditional_expression":
            branch = node.field_child("consequence")
            return self.type_of(branch, depth + 1) if branch is not None else None
        if kind == "field_expression":
            return self._field(node, depth)
        return None

    def _resolve(self, type: Type, at: Node) -> Type:
        declaration = self.lookup(type.base, at)
        return replace(type, template=True) if declaration is not None and declaration.type.template else type

    def _element(self, type: Type) -> Type | None:
        m = re.match(r"^(?:std::)?(?:vector|array)<(.*?)(?:,\d+)?>$", type.base)
        return parse_type(m.group(1)) if m else None

    def _field(self, node: Node, depth: int) -> Type | None:
        argument = node.field_child("argument")
        member = node.field_child("field")
        if argument is None or member is None:
            return None
        owner = self.type_of(argument, depth + 1)
        if owner is None:
            if argument.kind == "this":
                declaration = self.lookup(member.text, node)
                return declaration.type if declaration else None
            return None
        body = self._struct(owner.base.split("<")[0].split("::")[-1])
        if body is None:
            return None
        found = (self._tables.get(body) or self._table(body)).get(member.text)
        return found[0].type if found else None

    def _struct(self, name: str) -> Node | None:
        """The body of a class that this file defines."""
        if name not in self._structs:
            self._structs[name] = self._find_struct(name)
        return self._structs[name]

    def _find_struct(self, name: str) -> Node | None:
        for leaf in self.tree.names({name}) if name.isidentifier() else ():
            parent = leaf.parent
            if parent is not None and parent.kind in ("struct_specifier", "class_specifier") and leaf.field == "name":
                return parent.field_child("body")
        return None

    def _call(self, node: Node, depth: int) -> Type | None:
        function = node.field_child("function")
        if function is None:
            return None
        if function.kind == "field_expression":
            member = function.field_child("field")
            argument = function.field_child("argument")
            if member is None or argument is None:
                return None
            name = member.field_child("name").text if member.kind == "template_method" else member.text  # type: ignore[union-attr]
            if name in ("data_ptr", "data", "mutable_data_ptr", "const_data_ptr") and member.kind == "template_method":
                arguments = member.field_child("arguments")
                if arguments is not None and arguments.named:
                    return self._resolve(replace(parse_type(arguments.named[0].text), pointers=parse_type(arguments.named[0].text).pointers + 1), node)
            owner = self.type_of(argument, depth + 1)
            if owner is None:
                return None
            if _OPTIONAL.match(owner.base) and name == "value":
                return parse_type(_OPTIONAL.match(owner.base).group(1))  # type: ignore[union-attr]
            if owner.is_tensor and name in TENSOR_METHODS:
                return TENSOR
            return None
        if function.kind == "template_function":
            name_node = function.field_child("name")
            arguments = function.field_child("arguments")
            if name_node is not None and name_node.text in ("static_cast", "reinterpret_cast", "const_cast") and arguments and arguments.named:
                return self._resolve(parse_type(arguments.named[0].text), node)
            return None
        name = function.text
        last = name.split("::")[-1].strip()
        if name.startswith(("at::", "torch::", "::at::")) and last in TENSOR_FUNCTIONS:
            return TENSOR
        declaration = self._function(last)
        return declaration

    def _function(self, name: str) -> Type | None:
        """The return type of a function that this file defines or declares."""
        if name not in self._returned:
            self._returned[name] = self._find_returned(name)
        return self._returned[name]

    def _find_returned(self, name: str) -> Type | None:
        if not name.isidentifier():
            return None
        for leaf in self.tree.names({name}):
            declarator = leaf.parent
            if declarator is not None and declarator.kind == "function_declarator" and leaf.field == "declarator":
                owner = declarator.parent
                pointers = 0
                while owner is not None and owner.kind in ("pointer_declarator", "reference_declarator"):
                    pointers += owner.kind == "pointer_declarator"
                    owner = owner.parent
                if owner is not None and owner.kind in ("function_definition", "declaration"):
                    type_node = owner.field_child("type")
                    if type_node is not None:
                        type = parse_type(type_node.text)
                        return replace(type, pointers=type.pointers + pointers)
        return None


def _parameters(declarator: Node):
    """The parameter declarations of a function declarator, however deep it is wrapped."""
    node: Node | None = declarator
    while node is not None and node.kind not in ("function_declarator", "abstract_function_declarator", "lambda_declarator"):
        inner = node.field_child("declarator")
        node = inner if inner is not None else next((c for c in node.named if "declarator" in c.kind), None)
    if node is None:
        return
    parameters = node.field_child("parameters")
    for child in parameters.named if parameters is not None else ():
        if child.kind in ("parameter_declaration", "optional_parameter_declaration"):
            yield child
