"""Call the methods of ``at::Tensor`` instead of ``THCudaTensor_*`` and ``TH<Type>Tensor_*``.

The functions of THC left the headers with torch 1.10, the rest with 1.11 (pytorch/pytorch#65492). The prefix says the element type, so
data pointers come out typed; what resized or filled a tensor in place still does, so that the caller sees it; ``newContiguous`` and
``free`` become values that free themselves.

Before:
    THCudaTensor_resize2d(state, out, THCudaTensor_size(state, in, 0), n);
    THCudaTensor_zero(state, out);
    launch(THCudaTensor_data(state, in), THCudaTensor_data(state, out));
After:
    out.resize_({in.size(0), n});
    out.zero_();
    launch(in.data_ptr<float>(), out.data_ptr<float>());
"""

from migrator.calls import call_of, remove_statement, statement_of
from migrator.rewrite import Change, Edit, Finding, Rewrite
from migrator.scope import declarator_name, normalise
from migrator.syntax.tree import Node
from rewrites.ffi import _th

ID = "ffi-tensor-call"
ATEN = "ATen/ATen.h"

# How C spells the element types, and the number types that a C pointer may be to.
_SAME_NUMBER = {
    "int64_t": {"int64_t", "long", "long int"},
    "int": {"int", "int32_t", "signed", "signed int"},
    "int16_t": {"int16_t", "short", "short int"},
    "int8_t": {"int8_t", "signed char"},
    "uint8_t": {"uint8_t", "unsigned char"},
}
_NUMBERS = frozenset({"char", "unsigned", "unsigned int", "uint16_t", "unsigned short", "uint32_t", "uint64_t", "size_t", "unsigned long", "float", "double"}) | {
    "long long", "long long int", "unsigned long int", "unsigned long long", "unsigned long long int", *(n for names in _SAME_NUMBER.values() for n in names)
}  # fmt: skip

# Of each function, one template for each number of arguments (the THCState * not counted). %T: element type, %O: tensor options.
_METHODS: dict[str, tuple[str, ...]] = {
    "data": ("$0.data_ptr<%T>()",),
    "size": ("$0.size($1)",),
    "sizeLegacyNoScalars": ("$0.size($1)",),
    "stride": ("$0.stride($1)",),
    "strideLegacyNoScalars": ("$0.stride($1)",),
    "nDimension": ("$0.dim()",),
    "nDimensionLegacyNoScalars": ("$0.dim()",),
    "nDimensionLegacyAll": ("$0.dim()",),
    "dim": ("$0.dim()",),
    "_nDimension": ("$0.dim()",),
    "nElement": ("$0.numel()",),
    "numel": ("$0.numel()",),
    "storageOffset": ("$0.storage_offset()",),
    "isContiguous": ("$0.is_contiguous()",),
    "isTransposed": ("$0.t().is_contiguous()",),
    "isSameSizeAs": ("$0.is_same_size($1)",),
    "isSetTo": ("$0.is_set_to($1)",),
    "isSize": ("$0.sizes().equals($1)",),
    "getDevice": ("$0.get_device()",),
    "resize1d": ("$0.resize_({$1})",),
    "resize2d": ("$0.resize_({$1, $2})",),
    "resize3d": ("$0.resize_({$1, $2, $3})",),
    "resize4d": ("$0.resize_({$1, $2, $3, $4})",),
    "resize5d": ("$0.resize_({$1, $2, $3, $4, $5})",),
    "resizeAs": ("$0.resize_as_($1)",),
    "zero": ("$0.zero_()",),
    "fill": ("$0.fill_($1)",),
    "set": ("$0.set_($1)",),
    "newContiguous": ("$0.contiguous()",),
    "newClone": ("$0.clone()",),
    "newWithTensor": ("$0.alias()",),
    "newSelect": ("$0.select($1, $2)",),
    "newNarrow": ("$0.narrow($1, $2, $3)",),
    "newTranspose": ("$0.transpose($1, $2)",),
    "newUnfold": ("$0.unfold($1, $2, $3)",),
    "newExpand": ("$0.expand($1)",),
    "newView": ("$0.view($1)",),
    "newSizeOf": ("$0.sizes().vec()",),
    "newStrideOf": ("$0.strides().vec()",),
    "new": ("at::empty({0}, %O)",),
    "newWithSize1d": ("at::empty({$0}, %O)",),
    "newWithSize2d": ("at::empty({$0, $1}, %O)",),
    "newWithSize3d": ("at::empty({$0, $1, $2}, %O)",),
    "newWithSize4d": ("at::empty({$0, $1, $2, $3}, %O)",),
    "sumall": ("$0.sum().item<%A>()",),
    "prodall": ("$0.prod().item<%A>()",),
    "meanall": ("$0.mean().item<%A>()",),
    "maxall": ("$0.max().item<%T>()",),
    "minall": ("$0.min().item<%T>()",),
    "dot": ("at::dot($0.view(-1), $1.view(-1)).item<%A>()",),
    "maskedFill": ("$0.masked_fill_($1, $2)",),
    "cadd": ("at::add_out($0, $1, $3, $2)",),
    "csub": ("at::sub_out($0, $1, $3, $2)",),
    "cmul": ("at::mul_out($0, $1, $2)",),
    "cdiv": ("at::div_out($0, $1, $2)",),
    "pow": ("at::pow_out($0, $1, $2)",),
    "clamp": ("at::clamp_out($0, $1, $2, $3)",),
    "addmm": ("at::addmm_out($0, $2, $4, $5, $1, $3)",),
    "addmv": ("at::addmv_out($0, $2, $4, $5, $1, $3)",),
    "addr": ("at::addr_out($0, $2, $4, $5, $1, $3)",),
    "baddbmm": ("at::baddbmm_out($0, $2, $4, $5, $1, $3)",),
    "addbmm": ("at::addbmm_out($0, $2, $4, $5, $1, $3)",),
    "addcmul": ("at::addcmul_out($0, $1, $3, $4, $2)",),
    "addcdiv": ("at::addcdiv_out($0, $1, $3, $4, $2)",),
    "sum": ("at::sum_out($0, $1, $2, $3)", "at::sum_out($0, $1, $2, true)"),
    "mean": ("at::mean_out($0, $1, $2, $3)", "at::mean_out($0, $1, $2, true)"),
    "max": ("at::max_out($0, $1, $2, $3, $4)", "at::max_out($0, $1, $2, $3, true)"),
    "min": ("at::min_out($0, $1, $2, $3, $4)", "at::min_out($0, $1, $2, $3, true)"),
    "cmax": ("at::max_out($0, $1, $2)",),
    "cmin": ("at::min_out($0, $1, $2)",),
    "indexSelect": ("at::index_select_out($0, $1, $2, $3)",),
    "gather": ("at::gather_out($0, $1, $2, $3)",),
    "indexCopy": ("$0.index_copy_($1, $2, $3)",),
    "indexAdd": ("$0.index_add_($1, $2, $3)",),
    "indexFill": ("$0.index_fill_($1, $2, $3)",),
    "scatterAdd": ("$0.scatter_add_($1, $2, $3)",),
}
for (
    _name
) in "abs exp log log1p sqrt rsqrt cos sin tan acos asin atan cosh sinh tanh sigmoid floor ceil round trunc sign neg reciprocal".split():
    _METHODS[{"reciprocal": "cinv"}.get(_name, _name)] = (f"at::{_name}_out($0, $1)",)
# r = t OP value
_SCALAR = {"add": "add", "sub": "sub", "mul": "mul", "div": "div"}
# the first argument becomes a view of the second
_VIEWS: dict[str, tuple[str, str]] = {
    "select": ("$1.select($2, $3)", ""),
    "narrow": ("$1.narrow($2, $3, $4)", ""),
    "transpose": ("$1.transpose($2, $3)", "$0.transpose_($2, $3)"),
    "squeeze": ("$1.squeeze()", "$0.squeeze_()"),
    "squeeze1d": ("$1.squeeze($2)", "$0.squeeze_($2)"),
    "unsqueeze1d": ("$1.unsqueeze($2)", "$0.unsqueeze_($2)"),
    "unfold": ("$1.unfold($2, $3, $4)", ""),
}
_NEW_CONTIGUOUS = {"newContiguous", "newClone", "newSelect", "newNarrow", "newTranspose", "newUnfold", "newExpand", "newView"}
_COPIES = (
    {"copy", "copyCuda", "copyCPU", "copyIgnoringOverlaps", "copyAsyncCPU", "copyAsyncCuda"}
    | {f"copy{e}" for e in _th.ELEMENTS}
    | {f"copyCuda{e}" for e in _th.ELEMENTS}
)
_NOTHING = {"free", "retain", "setFlag", "clearFlag"}
_INDEXED = {f"{verb}{n}d": (verb, n) for verb in ("get", "set") for n in (1, 2, 3, 4)}
_FUNCTIONS = (
    set(_METHODS) | set(_SCALAR) | set(_VIEWS) | _COPIES | _NOTHING | set(_INDEXED)
    | {"checkGPU", "resize", "newWithSize", "zeros", "ones", "freeCopyTo", "storage", "data"}
)  # fmt: skip
_WORDS = frozenset(f"{prefix}Tensor_{name}" for prefix in _th.PREFIXES for name in _FUNCTIONS)
_STORAGE_WORDS = frozenset(f"{prefix}Storage_{name}" for prefix in _th.PREFIXES for name in ("fill", "data"))
_GPU_MESSAGE = '"Some of weight/gradient/input tensors are located on different GPUs. Please move them to a single one."'
_ACCUMULATE = {"real": "accreal", "scalar_t": "accreal", "float": "double", "double": "double", "at::Half": "float"}


def fix(ctx):
    for name in ctx.names(_WORDS):
        call = call_of(name)
        if call is None or ctx.project.has_function(name.text) or ctx.project.macros(name.text):
            continue
        element, _, function = _th.split(name.text)
        args = list(call.args)
        if element.cuda or function in ("copyCuda",):
            if args and _is_state(ctx, args[0]):
                args = args[1:]
        result = _port(ctx, call, element, function, args)
        if isinstance(result, str):
            yield Finding(ID, name.start, f"{name.text}: {result}", "write it with the methods of at::Tensor")
        elif result is not None:
            edits, includes = result if isinstance(result[0], tuple) else (result, (ATEN,))
            yield Change(ID, edits, includes)
    yield from _storage(ctx)
    for name in ctx.names({"THCAssertSameGPU"}):
        call = call_of(name)
        if call is None or len(call.args) != 1 or ctx.project.macros(name.text):
            continue
        message = b"," + ctx.file.newline + _indent(ctx, call.args[0].start, 5).encode() + _GPU_MESSAGE.encode()
        yield Change(
            ID,
            (Edit(name.start, name.end, b"TORCH_CHECK"), Edit(call.args[0].end, call.args[0].end, message)),
            ("c10/util/Exception.h",),
        )


def _storage(ctx):
    """``THFloatStorage_fill(THFloatTensor_storage(x), v)``: all that the storage holds, and its first element."""
    for name in ctx.names(_STORAGE_WORDS):
        call = call_of(name)
        if call is None:
            continue
        element, _, function = _th.split(name.text)
        args = list(call.args[1:] if element.cuda else call.args)
        inner = args[0].field_child("function") if args and args[0].kind == "call_expression" else None
        parts = _th.split(inner.text) if inner is not None else None
        if parts is None or parts[1:] != ("Tensor", "storage") or len(args) != (2 if function == "fill" else 1):
            continue
        tensor = args[0].field_child("arguments").named[-1]
        if tensor.kind != "identifier":
            continue
        x = tensor.text
        if function == "fill":
            value = args[1].text
            text = f"at::empty({{0}}, {x}.options()).set_({x}.storage()).fill_({value})"
        else:
            text = f"({x}.data_ptr<{element.cpp}>() - {x}.storage_offset())"
        yield Change(ID, (Edit(call.node.start, call.node.end, text.encode("utf-8", "surrogateescape")),), (ATEN,))


def _is_state(ctx, arg: Node) -> bool:
    """Whether the first argument is the THCState: everything but what is known to be a tensor."""
    if arg.text in ("state", "NULL", "nullptr"):
        return True
    type = ctx.type_of(arg)
    if type is not None:
        return type.base == "THCState"
    return "state" in arg.text.lower() or "lazyInitCUDA" in arg.text


def _port(ctx, call, element, function, args):
    """Edits (with the includes they need), a text that says why not, or None."""
    if function in _NOTHING:
        return _remove(ctx, call)
    if function == "checkGPU":
        return _same_gpu(ctx, call, args)
    if function in _VIEWS:
        return _view(ctx, call, function, args)
    if function in _COPIES:
        if len(args) != 2:
            return "an argument list that cuport does not know"
        if args[0].kind == "identifier":
            return _th.as_template(call, args, f"$0.copy_($1.reshape_as({args[0].text}))")
        return _th.as_template(call, args, "$0.copy_($1)")
    if function == "freeCopyTo" and len(args) == 2:
        return _th.as_template(call, args, "$1.copy_($0)")
    if function in _SCALAR and len(args) == 3:
        method = _SCALAR[function]
        if args[0].text == args[1].text:
            return _th.as_template(call, args, f"$0.{method}_($2)")
        return _th.as_template(call, args, f"$0.resize_as_($1).copy_($1.{method}($2))")
    if function in _INDEXED:
        verb, n = _INDEXED[function]
        if len(args) != 1 + n + (verb == "set"):
            return "an argument list that cuport does not know"
        if element.cuda or args[0].kind != "identifier":
            place = "$0" + "".join(f"[${i + 1}]" for i in range(n))
            return _th.as_template(call, args, place + (f".fill_(${n + 1})" if verb == "set" else f".item<{element.cpp}>()"))
        offset = " + ".join(
            f"({args[i + 1].text}) * $0.stride({i})" if not _simple(args[i + 1]) else f"{args[i + 1].text} * $0.stride({i})"
            for i in range(n)
        )
        place = f"$0.data_ptr<{element.cpp}>()[{offset}]"
        return _th.as_template(call, args, place + (f" = ${n + 1}" if verb == "set" else ""))
    if function == "resize" and len(args) in (2, 3):
        if len(args) == 3 and not _th.is_null(args[2]):
            return "it sets the strides, too, and resize_ does not; use x.set_(at::empty_strided(sizes, strides, x.options()))"
        return _th.as_template(call, args, "$0.resize_($1)")
    if function == "newWithSize" and len(args) in (1, 2):
        if len(args) == 2 and not _th.is_null(args[1]):
            return _th.as_template(call, args, f"at::empty_strided($0, $1, {element.options})")
        return _th.as_template(call, args, f"at::empty($0, {element.options})")
    if function in ("zeros", "ones") and len(args) == 2:
        return _th.as_template(call, args, "$0.resize_($1)." + ("zero_()" if function == "zeros" else "fill_(1)"))
    if function == "new" and not args:
        local = _declared_by(call)
        if local is not None and _first_becomes_view(ctx, local):
            return (Edit(local.end, call.node.end, b""),)
    if function == "data" and len(args) == 1:
        pointer = "half" if element.cpp == "at::Half" and element.cuda else _other_pointer(ctx, call, element.cpp)
        if pointer:  # the type that TH's function had, or that C turned its pointer into
            edits = _th.as_template(call, args, f"reinterpret_cast<{pointer} *>($0.data_ptr<{element.cpp}>())")
            return edits, (ATEN, "cuda_fp16.h") if pointer == "half" else (ATEN,)
    if function == "storage" and len(args) == 1 and _th.asks_for_memory(call.node):
        return _th.as_template(call, args, "$0.data_ptr()")
    templates = _METHODS.get(function, ())
    for template in templates:
        if _arity(template) == len(args):
            break
    else:
        return None if function == "storage" else "an argument list that cuport does not know"
    if template == "$0.dim()" and _th.asks_for_emptiness(call.node):
        template = "$0.numel()"
    template = template.replace("%T", element.cpp).replace("%O", element.options).replace("%A", _ACCUMULATE.get(element.cpp, "int64_t"))
    if "{$" in template:
        first = 1 if template.startswith("$0") else 0
        for i in range(first, len(args)):
            if _th.narrow(ctx, args[i]):
                template = template.replace(f"${i}", f"(int64_t)(${i})")
    return _th.as_template(call, args, template)


def _other_pointer(ctx, call, element: str) -> str | None:
    """The number type of the pointer that an element pointer goes into, where it is another one: C converts between pointers unasked."""
    wanted = _wanted_type(ctx, call.node)
    return wanted if wanted in _NUMBERS and wanted not in _SAME_NUMBER.get(element, {element}) else None


def _wanted_type(ctx, value: Node) -> str | None:
    """``T`` where a value initialises, is assigned to or is passed as a ``T *``."""
    parent = value.parent
    if parent is None:
        return None
    if parent.kind == "init_declarator" and parent.parent is not None:
        type_node = parent.parent.field_child("type")
        _, pointers, *_ = declarator_name(parent)
        return normalise(type_node.text) if type_node is not None and pointers == 1 else None
    if parent.kind == "assignment_expression":
        left = parent.field_child("left")
        type = ctx.type_of(left) if left is not None and value.field == "right" else None
        return type.base if type is not None and type.pointers == 1 else None
    if parent.kind == "argument_list" and parent.parent is not None and parent.parent.kind == "call_expression":
        function = parent.parent.field_child("function")
        place = next((i for i, n in enumerate(parent.named) if n.start == value.start), None)
        if function is None or function.kind != "identifier" or place is None:
            return None
        return _parameter_type(ctx, function.text, place)
    return None


def _parameter_type(ctx, function: str, place: int) -> str | None:
    """``T`` where every declaration of a function that the project has takes a ``T *`` there."""
    found = set()
    for declarator in ctx.project.functions(function):
        parameters = declarator.field_child("parameters")
        named = [n for n in parameters.named if n.kind == "parameter_declaration"] if parameters is not None else []
        if place >= len(named):
            return None
        type_node, inner = named[place].field_child("type"), named[place].field_child("declarator")
        if type_node is None or inner is None:
            return None
        _, pointers, *_ = declarator_name(inner)
        found.add(normalise(type_node.text) if pointers == 1 else None)
    return found.pop() if len(found) == 1 else None


def _simple(node: Node) -> bool:
    return node.kind in (
        "identifier",
        "number_literal",
        "parenthesized_expression",
        "call_expression",
        "subscript_expression",
        "field_expression",
    )


def _arity(template: str) -> int:
    return max((int(i) + 1 for i in _th._PIECE.findall(template)), default=0)


def _remove(ctx, call):
    statement = statement_of(call.node)
    if statement is None:
        return "it stands inside an expression; tensors free themselves, so take it out"
    node = statement
    while True:
        parent = node.parent
        if (
            parent is not None
            and parent.kind == "compound_statement"
            and parent.parent is not None
            and parent.parent.kind == "if_statement"
        ):
            inside = [c for c in parent.children if c.kind not in "{}"]
            if len(inside) == 1 and parent.parent.field_child("alternative") is None and parent.field == "consequence":
                node = parent.parent
                continue
        if parent is not None and parent.kind == "if_statement" and node.field == "consequence":
            if parent.field_child("alternative") is not None or parent.parent is None or parent.parent.kind == "else_clause":
                return (Edit(node.start, node.end, b";"),)
            node = parent
            continue
        break
    if node.parent is not None and node.parent.kind in ("else_clause", "for_statement", "while_statement", "do_statement"):
        return (Edit(node.start, node.end, b"{}"),)
    return (remove_statement(node),)


def _same_gpu(ctx, call, args):
    tensors = args[1:]
    if not tensors:
        return "an argument list that cuport does not know"
    first = tensors[0]
    terms = [f"{first.text}.is_cuda()"] if len(tensors) == 1 else []
    for tensor in tensors[1:]:
        term = f"{tensor.text}.device() == {first.text}.device()"
        if _nullable(ctx, tensor):
            term = f"(!{tensor.text}.defined() || {term})"
        terms.append(term)
    inside = call.node.parent is not None and call.node.parent.kind == "argument_list"
    indent = _indent(ctx, call.node.start, 5 if inside else 0)
    lines: list[str] = [""]
    for i, term in enumerate(terms):
        piece = term + (" && " if i + 1 < len(terms) else "")
        if lines[-1] and len(indent) + len(lines[-1]) + len(piece) > 110:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece
    text = (ctx.file.newline.decode() + indent).join(lines)
    if not inside and len(terms) > 1:
        text = f"({text})"
    return (Edit(call.node.start, call.node.end, text.encode()),)


def _indent(ctx, offset: int, less: int) -> str:
    """Blanks that reach to the column of a byte, ``less`` of them."""
    prefix = ctx.file.data[ctx.file.line_span(offset)[0] : offset]
    indent = bytes(c if c in b" \t" else 32 for c in prefix).decode()
    return indent[: len(indent) - less] if indent.endswith(" " * less) else indent


def _nullable(ctx, node: Node) -> bool:
    from rewrites.ffi.tensor_type import nullable_names

    function = node.enclosing("function_definition")
    return function is not None and node.text in nullable_names(ctx, function)


def _declared_by(call) -> Node | None:
    """The name that ``T *x = call(...)`` declares."""
    parent = call.node.parent
    if parent is None or parent.kind != "init_declarator":
        return None
    return next((n for n in parent.walk() if n.kind == "identifier"), None)


def _uses(ctx, local: Node) -> list[Node]:
    scope = local.enclosing("compound_statement") or ctx.tree.root
    return [n for n in ctx.tree.names({local.text}) if n.kind == "identifier" and local.end <= n.start < scope.end]


def _first_becomes_view(ctx, local: Node) -> bool:
    """Whether a fresh local tensor is first of all made a view of another one."""
    uses = _uses(ctx, local)
    return bool(uses) and _is_view_target(uses[0]) and _is_own_value(ctx, uses[0])


def _is_view_target(use: Node) -> bool:
    arguments = use.parent
    if arguments is None or arguments.kind != "argument_list" or arguments.parent is None:
        return False
    function = arguments.parent.field_child("function")
    parts = _th.split(function.text) if function is not None else None
    if parts is None or parts[2] not in _VIEWS:
        return False
    index = next(i for i, a in enumerate(arguments.named) if a.start == use.start)
    source = arguments.named[index + 1 : index + 2]
    return index == (1 if parts[0].cuda else 0) and bool(source) and not _th.is_null(source[0]) and source[0].text != use.text


def _is_own_value(ctx, target: Node) -> bool:
    """Whether a tensor variable is a local made by ``_new*`` that no other name stands for: then ``x = view`` means what TH did."""
    if target.kind != "identifier":
        return False
    declaration = ctx.scopes.lookup(target.text, target)
    if declaration is None or declaration.is_parameter or declaration.node.enclosing("compound_statement") is None:
        return False
    value = declaration.value
    if value is not None and not _th.is_null(value):
        function = value.field_child("function") if value.kind == "call_expression" else None
        parts = _th.split(function.text) if function is not None else None
        fresh = parts is not None and parts[2].startswith("new") and parts[2] not in ("newContiguous",)
        if not fresh and not (function is not None and function.text == "at::empty"):
            return False
    for use in _uses(ctx, declaration.name):
        parent = use.parent
        if parent is None:
            return False
        if parent.kind in ("init_declarator", "return_statement") and use.field == "value":
            return False
        if parent.kind == "assignment_expression":
            right = parent.field_child("right")
            if use.field == "right":
                return False
            function = right.field_child("function") if right is not None and right.kind == "call_expression" else None
            parts = _th.split(function.text) if function is not None else None
            if parts is None or not parts[2].startswith("new") or parts[2] == "newContiguous":
                ported = (
                    right is not None
                    and right.kind == "call_expression"
                    and any(f".{view}(" in right.text for view in ("select", "narrow", "transpose", "squeeze", "unsqueeze", "unfold"))
                )
                if not ported:
                    return False
    return True


def _view(ctx, call, function, args):
    template, in_place = _VIEWS[function]
    arity = _arity(template)
    if len(args) != arity:
        return "an argument list that cuport does not know"
    own = _is_own_value(ctx, args[0])
    if _th.is_null(args[1]) or args[1].text == args[0].text:
        if in_place:
            return _th.as_template(call, args, in_place)
        template = template.replace("$1", "$0", 1)
        return _th.as_template(call, args, f"$0 = {template}" if own else f"$0.set_({template})")
    return _th.as_template(call, args, f"$0 = {template}" if own else f"$0.set_({template})")


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_WORDS | _STORAGE_WORDS | {"THCAssertSameGPU"}, removed_in="1.10", link=_th.LINK)
