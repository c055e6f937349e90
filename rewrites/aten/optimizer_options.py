"""Ask the first parameter group of an optimizer for its options, by the names that they have.

Since torch 1.5 an optimizer of the C++ frontend has parameter groups, each with options of its own, in the place of the member ``options``;
one that is given parameters alone has one group. ``learning_rate`` is ``lr`` since, ``beta1`` and ``beta2`` are ``betas``. The fields behind
the accessors are private since torch 1.3.

Before:
    void f(torch::optim::Adam &optimizer) { optimizer.options.learning_rate_ /= 2; }
    auto options = torch::optim::AdamOptions(1e-3).beta1(0.5);
After:
    void f(torch::optim::Adam &optimizer) { static_cast<torch::optim::AdamOptions &>(optimizer.param_groups()[0].options()).lr() /= 2; }
    auto options = torch::optim::AdamOptions(1e-3).betas(std::make_tuple(0.5, 0.999));
"""

import re

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor

ID = "optimizer-options"
_CLASS = r"(?:::)?(?:torch::)?(?:optim::)?(?:SGD|Adam|RMSprop|Adagrad|LBFGS)"
_HELD = re.compile(rf"(?:(?:std::)?(?:shared|unique)_ptr<)?({_CLASS})>?\Z")
_MADE = re.compile(rf"(?:std::)?make_(?:shared|unique)<({_CLASS})>\(")
_OPTIONS = re.compile(rf"{_CLASS}Options\Z")
_MADE_OPTIONS = re.compile(rf"{_CLASS}Options[({{]")
_CAST = re.compile(rf"static_cast<{_CLASS}Options&>\(")
_BETAS = {"beta1": 0, "beta2": 1}
_DEFAULTS = ("0.9", "0.999")
_FIELDS = frozenset(
    f"{name}_"
    for name in "learning_rate beta1 beta2 momentum dampening weight_decay nesterov eps amsgrad alpha centered lr_decay max_iter max_eval "
    "tolerance_grad tolerance_change history_size".split()
)
_SPELT = re.compile(rb"\boptim\b|\b(?:SGD|Adam|RMSprop|Adagrad|LBFGS)(?:Options)?\b|ptim\w*\s*(?:\.|->)\s*options\b")


def fix(ctx):
    if not ctx.spells(_SPELT):
        return
    for name in ctx.names({"options"}):
        access = _access(name)
        above = access.parent if access is not None else None
        if above is None or above.kind not in ("field_expression", "assignment_expression"):
            continue
        kind = _optimizer(ctx, access.field_child("argument"))
        if kind is not None and settings_floor(ctx) >= (1, 5):
            owner = access.field_child("argument")
            edits = (
                Edit(owner.start, owner.start, f"static_cast<{kind}Options &>(".encode()),
                Edit(name.start, name.end, b"param_groups()[0].options())"),
            )
            yield Change(ID, edits)
        elif kind is not None or _may_be_optimizer(ctx, access.field_child("argument"), above):
            yield Finding(
                ID, name.start, "an optimizer has no options since torch 1.5, its parameter groups have",
                "static_cast<torch::optim::AdamOptions &>(optimizer.param_groups()[0].options()).lr(), of the optimizer's class",
            )  # fmt: skip
    if settings_floor(ctx) < (1, 5):
        return
    done: set[int] = set()
    for name in ctx.names({"learning_rate", *_BETAS, *_FIELDS}):
        access = _access(name)
        if access is None or name.start in done or not _is_options(ctx, access.field_child("argument")):
            continue
        call = call_of(name)
        word = name.text.removesuffix("_")
        is_field = call is None and name.text in _FIELDS
        if word not in _BETAS:
            new = "lr" if word == "learning_rate" else word
            if is_field or call is not None and new != name.text:
                yield Change(ID, (Edit(name.start, name.end, (new + ("()" if is_field else "")).encode()),))
            continue
        yield from _betas(ctx, name, access, call, is_field, done)


def _betas(ctx, name, access, call, is_field, done):
    """``beta1`` and ``beta2``: together, or one of them."""
    place, owner = _BETAS[name.text.removesuffix("_")], access.field_child("argument")
    if is_field or call is not None and not call.args:
        whole = access if is_field else call.node
        yield Change(ID, (Edit(owner.start, owner.start, f"std::get<{place}>(".encode()), Edit(name.start, whole.end, b"betas())")))
        return
    if call is None or len(call.args) != 1:
        return
    outer = call.node.parent
    member = outer.field_child("field") if outer is not None and outer.kind == "field_expression" else None
    if member is not None and member.text in _BETAS and member.text != name.text and (second := call_of(member)) is not None and len(second.args) == 1:
        done.add(member.start)
        values = [call.args[0].text, second.args[0].text]
        first, last = values if place == 0 else reversed(values)
        yield Change(ID, (Edit(name.start, second.node.end, f"betas(std::make_tuple({first}, {last}))".encode()),))
        return
    if owner.kind == "call_expression" and _MADE_OPTIONS.match("".join(owner.text.split())) and "beta" not in owner.text:
        values = list(_DEFAULTS)
        values[place] = call.args[0].text
        yield Change(ID, (Edit(name.start, call.node.end, f"betas(std::make_tuple({', '.join(values)}))".encode()),))
    elif outer is not None and outer.kind == "expression_statement":
        text = f"betas()) = {call.args[0].text}"
        yield Change(ID, (Edit(owner.start, owner.start, f"std::get<{place}>(".encode()), Edit(name.start, call.node.end, text.encode())))
    else:
        yield Finding(ID, name.start, f"{name.text} of an optimizer's options is gone since torch 1.5", "betas(std::make_tuple(beta1, beta2)), or betas()")


def _access(name):
    """The member access that a name ends."""
    node = name.parent
    return node if node is not None and node.kind == "field_expression" and name.field == "field" else None


def _optimizer(ctx, node) -> str | None:
    """The class of an optimizer, or of what a pointer holds."""
    type = ctx.type_of(node)
    if type is not None and type.is_known and not type.template:
        found = _HELD.match(type.base.replace(" ", ""))
        return found[1] if found is not None else None
    declared = ctx.scopes.lookup(node.text, node) if node.kind == "identifier" else None
    if declared is None or declared.value is None or declared.type.base != "auto":
        return None
    found = _MADE.match("".join(declared.value.text.split()))
    if found is None:
        found = re.match(rf"({_CLASS})[({{]", "".join(declared.value.text.split()))
    return found[1] if found is not None else None


def _may_be_optimizer(ctx, node, above) -> bool:
    """Whether something of unknown type is called an optimizer, and asked for its learning rate."""
    member = above.field_child("field") if above.kind == "field_expression" else None
    type = ctx.type_of(node)
    unknown = type is None or type.template or not type.is_known
    return unknown and "optim" in node.text.lower() and member is not None and member.text in ("learning_rate", "learning_rate_")


def _is_options(ctx, node, depth=0) -> bool:
    """Whether an expression is certainly the options of an optimizer."""
    if node is None or depth > 10:
        return False
    if node.kind == "parenthesized_expression":
        return len(node.named) == 1 and _is_options(ctx, node.named[0], depth + 1)
    if node.kind == "call_expression":
        text = "".join(node.field_child("function").text.split()) + "("
        if _MADE_OPTIONS.match(text) or _CAST.match(text):
            return True
        function = node.field_child("function")
        return function.kind == "field_expression" and bool(node.field_child("arguments").named) and _is_options(ctx, function.field_child("argument"), depth + 1)
    if node.kind == "identifier":
        declared = ctx.scopes.lookup(node.text, node)
        if declared is not None and declared.type.base == "auto" and declared.value is not None:
            return _is_options(ctx, declared.value, depth + 1)
    type = ctx.type_of(node)
    return type is not None and not type.pointers and _OPTIONS.match(type.base.replace(" ", "")) is not None


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"options", "learning_rate", "beta1", "beta2", *_FIELDS}), removed_in="1.5")
