"""Expand tensors with ``expand_as``, not with the helpers that operators use.

``at::expand_inplace``, ``expand_outplace`` and ``expand_size`` gave tuples of tensors; since torch 1.9 they give ``c10::MaybeOwned<Tensor>``,
which ``std::tie`` and ``std::get`` do not take for tensors, and refuse temporaries. Behind ``using namespace at`` as well.

Before:
    void f(at::Tensor x, at::Tensor y) { at::Tensor z; std::tie(z) = at::expand_inplace(x, y, "f"); }
    void g(at::Tensor x, at::Tensor y) { auto z = std::get<0>(at::expand_inplace(x, y.to(at::kCUDA))); }
After:
    void f(at::Tensor x, at::Tensor y) { at::Tensor z; z = y.expand_as(x); }
    void g(at::Tensor x, at::Tensor y) { auto z = y.to(at::kCUDA).expand_as(x); }
"""

import re

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "expanded-tensors"
_NAMES = frozenset({"expand_inplace", "expand_outplace", "expand_size"})
_OPENED = re.compile(rb"\b(?:using\s+namespace|namespace)\s+(?:::)?(?:at|torch)\b")
_PLAIN = frozenset({"identifier", "call_expression", "field_expression", "subscript_expression"})
_OWNED = frozenset({"unsafeIsBorrowed"})  # the members of c10::MaybeOwned
_SURE = frozenset({"identifier", "field_expression", "subscript_expression"})  # can be named twice


def fix(ctx):
    for name in ctx.names(_NAMES):
        call = call_of(name)
        if call is None or call.args and call.args[0].kind == "initializer_list":
            continue
        qualified = call.qualified.removeprefix("::")
        mine = qualified == f"at::{name.text}" or (qualified == name.text and ctx.spells(_OPENED) and not ctx.project.has_function(name.text))
        if mine:
            yield from _use(ctx, name.text, call)


def _use(ctx, name, call):
    args = list(call.args)
    if args and args[-1].kind in ("string_literal", "concatenated_string"):
        args.pop()
    tensors = _expanded(name, args)
    outer = call.node.parent
    tied = outer.field_child("left") if outer is not None and outer.kind == "assignment_expression" and call.node.field == "right" else None
    if tied is not None and "".join(tied.text.split()).startswith("std::tie("):
        targets = tied.field_child("arguments").named
        if tensors is None or len(tensors) != len(targets):
            yield _finding(name, call)
        elif len(tensors) == 1:
            yield Change(ID, (Edit(tied.start, tied.end, targets[0].text.encode()), Edit(call.node.start, call.node.end, tensors[0].encode())))
        else:
            yield Change(ID, (Edit(call.node.start, call.node.end, f"std::make_tuple({', '.join(tensors)})".encode()),))
        return
    get = outer.parent if outer is not None and outer.kind == "argument_list" else None
    number = re.match(r"std::get<(\d)>\(", "".join(get.text.split())) if get is not None and get.kind == "call_expression" and len(outer.named) == 1 else None
    if number is not None and not _is_opened(get):
        place = int(number[1])
        if tensors is not None and place < len(tensors):
            yield Change(ID, (Edit(get.start, get.end, tensors[place].encode()),))
        else:
            yield _finding(name, call)
        return
    holder = outer if outer is not None and outer.kind == "init_declarator" else None
    declared = holder.field_child("declarator") if holder is not None else None
    type = holder.parent.field_child("type") if holder is not None else None
    if type is None or declared is None:
        return
    text = "".join(type.text.split())
    binding = next((each for each in declared.walk() if each.kind == "structured_binding_declarator"), None)
    if binding is not None:
        bound = [each for each in binding.named if each.kind == "identifier"]
        if not any(_is_tensor_here(ctx, each) for each in bound):
            return
        if tensors is not None and len(tensors) == len(bound):
            yield Change(ID, (Edit(call.node.start, call.node.end, f"std::make_tuple({', '.join(tensors)})".encode()),))
        else:
            yield _finding(name, call)
        return
    if text.startswith("std::tuple<") and "MaybeOwned" not in text or (text == "auto" and declared.kind == "identifier" and _taken_for_tensors(ctx, declared)):
        yield _finding(name, call)


def _finding(name, call):
    return Finding(
        ID, call.node.start, f"at::{name} gives c10::MaybeOwned<Tensor> since torch 1.9, no tensors",
        "at::broadcast_tensors({a, b}), which gives a vector of tensors; or a.expand_as(b)",
    )  # fmt: skip


def _expanded(name, args) -> list[str] | None:
    """The tensors that a helper gave, written as tensors; None where that is not one expression."""
    if name == "expand_size":
        return [f"{_owner(args[0])}.expand({args[1].text})"] if len(args) == 2 else None
    if name == "expand_inplace":
        if len(args) not in (2, 3) or (len(args) == 3 and args[0].kind not in _SURE):
            return None
        return [f"{_owner(arg)}.expand_as({args[0].text})" for arg in args[1:]]
    if len(args) != 2 or any(arg.kind not in _SURE for arg in args):
        return None
    sizes = f"at::infer_size({args[0].text}.sizes(), {args[1].text}.sizes())"
    return [f"{arg.text}.expand({sizes})" for arg in args]


def _owner(node) -> str:
    return node.text if node.kind in _PLAIN else f"({node.text})"


def _is_opened(get) -> bool:
    """Whether what ``std::get`` gives is asked for its tensor, as it has to be since."""
    parent = get.parent
    return parent.kind == "pointer_expression" or (parent.kind == "field_expression" and "->" in [c.kind for c in parent.children])


def _is_tensor_here(ctx, bound) -> bool:
    """Whether a bound name is asked for a member of a tensor, with a dot, which what stands for the tensor since has none of."""
    scope = bound.enclosing("compound_statement")
    for leaf in ctx.names({bound.text}):
        access = leaf.parent
        if scope is None or not bound.end <= leaf.start < scope.end or access is None or access.kind != "field_expression" or leaf.field != "argument":
            continue
        member = access.field_child("field")
        declared = ctx.scopes.lookup(bound.text, leaf)
        if member.text not in _OWNED and "." in [each.kind for each in access.children] and (declared is None or declared.name.start == bound.start):
            return True
    return False


def _taken_for_tensors(ctx, declared) -> bool:
    """Whether the elements of a tuple are taken for tensors."""
    scope = declared.enclosing("compound_statement")
    for leaf in ctx.names({declared.text}):
        outer = leaf.parent
        get = outer.parent if outer is not None and outer.kind == "argument_list" else None
        if scope is None or not scope.start <= leaf.start < scope.end or get is None or get.kind != "call_expression":
            continue
        if "".join(get.text.split()).startswith("std::get<"):
            if get.parent.kind == "field_expression" and not _is_opened(get):
                return True
    return False


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_NAMES, removed_in="1.9")
