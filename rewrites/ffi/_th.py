"""What the FFI-era rewrites share: the TH/THC type names, and calls turned into methods by the smallest edits."""

from __future__ import annotations

import re
from dataclasses import dataclass

from migrator.calls import Call
from migrator.rewrite import Edit
from migrator.scope import Type, declarator_name
from migrator.syntax.tree import Node

LINK = "https://github.com/pytorch/pytorch/pull/65492"

# name in TH -> (C++ type of an element, ScalarType, word for people)
ELEMENTS = {
    "Float": ("float", "at::kFloat", "float"),
    "Double": ("double", "at::kDouble", "double"),
    "Half": ("at::Half", "at::kHalf", "half"),
    "Int": ("int", "at::kInt", "int"),
    "Long": ("int64_t", "at::kLong", "long"),
    "Short": ("int16_t", "at::kShort", "short"),
    "Byte": ("uint8_t", "at::kByte", "byte"),
    "Char": ("int8_t", "at::kChar", "char"),
}
PREFIXES = (
    {f"TH{name}": (name, False) for name in ELEMENTS} | {f"THCuda{name}": (name, True) for name in ELEMENTS} | {"THCuda": ("Float", True)}
)
TENSOR_TYPES = frozenset(prefix + "Tensor" for prefix in PREFIXES)
GENERIC_TYPES = frozenset({"THTensor", "THCTensor"})  # in files that are included once for each type
STORAGE_TYPES = frozenset(prefix + "Storage" for prefix in PREFIXES)
# Any name of TH, THC and their generic files that stands for a tensor, a storage or BLAS.
OLD_NAME = re.compile(rb"TH(?:C|Cuda)?[A-Z]?\w*(?:Tensor|Storage|Blas)(?:_\w*)?|THC?(?:Tensor|Storage|Blas)(?:_\w*)?")


@dataclass(frozen=True)
class Element:
    """The element type of a TH tensor type, and where such a tensor lives."""

    cpp: str
    scalar: str
    word: str
    cuda: bool

    @property
    def options(self) -> str:
        return f"at::device(at::kCUDA).dtype({self.scalar})" if self.cuda else self.scalar

    @property
    def spoken(self) -> str:
        return f"{'CUDA' if self.cuda else 'CPU'} {self.word}"


def element(prefix: str) -> Element:
    """``THCudaInt`` -> the element type int, on the GPU."""
    name, cuda = PREFIXES[prefix]
    return Element(*ELEMENTS[name], cuda)


_PARTS = re.compile(r"^(TH(?:Cuda)?(?:" + "|".join(ELEMENTS) + r")?)(Tensor|Storage|Blas)(?:_(\w+))?$")


def split(word: str) -> tuple[Element, str, str] | None:
    """``THCudaIntTensor_size`` -> (element, "Tensor", "size"); None for other words and for the names of generic files."""
    m = _PARTS.match(word)
    if m is None or m.group(1) not in PREFIXES:
        return None
    return element(m.group(1)), m.group(2), m.group(3) or ""


def is_th_tensor(type: Type | None) -> bool:
    """Whether an expression of this type is a TH tensor (``THFloatTensor *``)."""
    return type is not None and type.pointers == 1 and type.base.removeprefix("struct ") in TENSOR_TYPES | GENERIC_TYPES


def is_tensor(type: Type | None) -> bool:
    """Whether it is a TH tensor, or has already become an ``at::Tensor``."""
    return is_th_tensor(type) or (type is not None and type.is_tensor and not type.pointers and "optional" not in type.base)


def is_null(node: Node) -> bool:
    return node.text in ("NULL", "nullptr", "0", "((void *)0)", "0L") or (node.kind == "null")


def bare(node: Node) -> Node:
    """An expression without the parentheses around it."""
    while node.kind == "parenthesized_expression" and len(node.named) == 1:
        node = node.named[0]
    return node


_PRIMARY = {
    "identifier",
    "call_expression",
    "field_expression",
    "subscript_expression",
    "parenthesized_expression",
    "qualified_identifier",
    "this",
}
_PIECE = re.compile(r"\$(\d)")


def as_template(call: Call, args: list[Node], template: str) -> tuple[Edit, ...]:
    """The smallest edits that turn a call into the template, in which ``$0``, ``$1`` ... stand for ``args``.

    Where the template takes the arguments in their order, only what stands between them changes. ``$0.`` puts parentheses around what
    needs them.
    """
    pieces = _PIECE.split(template)  # literal, index, literal, ...
    indices = [int(i) for i in pieces[1::2]]
    literals = pieces[0::2]
    comments = [c for c in call.list.children if c.kind == "comment"]
    texts = {}
    for i, arg in enumerate(args):
        follows = any(index == i and literals[k + 1].startswith((".", "[")) for k, index in enumerate(indices))
        texts[i] = follows and arg.kind not in _PRIMARY
    if indices != list(range(len(args))):
        out = literals[0]
        for k, index in enumerate(indices):
            text = args[index].text
            out += (f"({text})" if literals[k + 1].startswith((".", "[")) and args[index].kind not in _PRIMARY else text) + literals[k + 1]
        outside = [c for c in comments if not any(a.start <= c.start < a.end for a in args)]
        return (Edit(call.node.start, call.node.end, _texts(outside) + out.encode("utf-8", "surrogateescape")),)
    data = call.node.tree.file.data
    edits = []
    position = call.node.start
    for i, arg in enumerate(args):
        literal = literals[i]
        if i and texts[i - 1]:
            literal = ")" + literal
        if texts[i]:
            literal += "("
        if i and literal.strip() == ",":
            pass  # the comma stays with the layout around it
        else:
            end = arg.start
            if i:
                gap_end = next((c.end for c in call.list.children if c.kind == "," and position <= c.start < arg.start), position)
                while gap_end < arg.start and data[gap_end : gap_end + 1] in (b" ", b"\t"):
                    gap_end += 1
                end = gap_end if b"/" in data[gap_end : arg.start] else arg.start
            edits.append(Edit(position, end, literal.encode() + _texts([c for c in comments if position <= c.start < end])))
        position = arg.end
    tail = (")" if args and texts[len(args) - 1] else "") + literals[-1]
    end = call.node.end
    if args and tail == ")" and not data[position : end - 1].strip():
        return tuple(edits)  # the closing parenthesis stays
    last = _texts([c for c in comments if position <= c.start < end])
    edits.append(Edit(position, end, (b" " + last if last else b"") + tail.encode()))
    return tuple(edits)


def _texts(comments: list[Node]) -> bytes:
    """Comments as they are written, each with what must follow it."""
    return b"".join(c.text.encode("utf-8", "surrogateescape") + (b"\n" if c.text.startswith("//") else b" ") for c in comments)


def asks_for_emptiness(node: Node) -> bool:
    """Whether a number of dimensions is compared with 0: an empty tensor of TH had none, one of ATen has ``dim() == 1``."""
    while node.parent is not None and node.parent.kind == "parenthesized_expression":
        node = node.parent
    parent = node.parent
    if parent is None:
        return False
    if parent.kind == "binary_expression":
        operator = next((c.kind for c in parent.children if not c.ts.is_named), "")
        other = parent.field_child("right" if node.field == "left" else "left")
        if operator in ("==", "!=", ">", "<") and other is not None and other.text == "0":
            return True
        return operator in ("&&", "||")
    if parent.kind == "unary_expression":
        return parent.children[0].kind == "!"
    return parent.kind in ("condition_clause", "if_statement", "while_statement") or (
        parent.kind == "conditional_expression" and node.field == "condition"
    )


def asks_for_memory(node: Node) -> bool:
    """Whether only the presence of a storage is asked for: an empty tensor of TH may have none, and ``data_ptr()`` of one of ATen is null."""
    while node.parent is not None and node.parent.kind == "parenthesized_expression":
        node = node.parent
    parent = node.parent
    operator = next((c.kind for c in parent.children if not c.ts.is_named), "") if parent is not None else ""
    if parent is not None and parent.kind == "binary_expression" and operator in ("==", "!="):
        other = parent.field_child("right" if node.field == "left" else "left")
        return other is not None and other.text in ("0", "NULL", "nullptr")
    return operator not in ("<", ">") and asks_for_emptiness(node)


def narrow(ctx, arg: Node) -> bool:
    """Whether a size would not go into ``{...}`` of int64_t as it is."""
    if arg.kind == "call_expression":
        name = arg.field_child("function")
        return name is not None and name.text.split("::")[-1] in ("ceil", "floor", "round", "ceilf", "floorf", "roundf", "sizeof", "pow")
    type = ctx.type_of(arg)
    return (
        type is not None
        and not type.pointers
        and type.base in ("size_t", "std::size_t", "unsigned long", "uint64_t", "float", "double", "ptrdiff_t")
    )


def parameters(declarator: Node) -> list[tuple[Node, Node | None, Type | None]]:
    """The parameters of a function declarator: (node, name, type)."""
    from migrator.scope import declarations_in

    result = []
    inner = declarator.field_child("parameters")
    for node in inner.named if inner is not None else ():
        if node.kind not in ("parameter_declaration", "optional_parameter_declaration"):
            continue
        declared = declarations_in(node, parameter=True)
        if declared:
            result.append((node, declared[0].name, declared[0].type))
        else:
            type_node = node.field_child("type")
            pointers = sum(c.kind == "*" for n in node.children if n.field == "declarator" for c in n.walk())
            result.append((node, None, Type(type_node.text, pointers) if type_node is not None else None))
    return result


def function_declarator(node: Node) -> Node | None:
    """The function declarator of a definition or declaration."""
    current = node.field_child("declarator")
    while current is not None and current.kind != "function_declarator":
        current = current.field_child("declarator")
    return current


def name_of(declarator: Node) -> str:
    name, *_ = declarator_name(declarator)
    return name.text if name is not None else ""


def has_th_parameter(declarator: Node) -> bool:
    return any(is_th_tensor(type) for _, _, type in parameters(declarator))
