"""Which expressions are tensors for certain, and of which kind: what the source itself says, followed through plain assignments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from migrator.python import Module, argument, cst

_DTYPES = {
    **{f"torch.{name}": "int" for name in ("int8", "int16", "int32", "int64", "short", "int", "long")},
    **{f"torch.{name}": "float" for name in ("float16", "float32", "float64", "half", "float", "double", "bfloat16")},
    "torch.uint8": "uint8",
    "torch.bool": "bool",
}
_CONSTRUCTORS = {
    f"torch.{device}{name}Tensor": kind
    for device in ("", "cuda.")
    for name, kind in (
        *(("Float", "float"), ("Double", "float"), ("Half", "float"), ("Long", "int"), ("Int", "int"), ("Short", "int"), ("Char", "int")),
        *(("Byte", "uint8"), ("Bool", "bool")),
    )
}
_CREATED = {  # what they make without a dtype
    **{f"torch.{name}": "float" for name in ("zeros", "ones", "empty", "rand", "randn", "linspace", "logspace", "eye")},
    **{f"torch.{name}": "int" for name in ("randint", "randperm", "argmax", "argmin", "argsort", "bincount")},
    **{
        f"torch.{name}": ""
        for name in ("tensor", "full", "as_tensor", "from_numpy", "cat", "stack", "where", "clamp", "exp", "log", "sqrt")
    },
    **{f"torch.{name}": "" for name in ("abs", "pow", "matmul", "mm", "bmm", "zeros_like", "ones_like", "rand_like", "max", "min", "sum")},
    **{
        f"torch.{name}": "" for name in ("mul", "add", "sub", "sort", "topk", "sigmoid", "tanh", "softmax", "relu", "norm", "floor", "ceil")
    },
    **{f"torch.{name}": "bool" for name in ("eq", "ne", "gt", "ge", "lt", "le", "isnan", "isfinite", "isinf", "logical_and", "logical_or")},
    **{f"torch.{name}": "bool" for name in ("logical_not", "logical_xor")},
    "torch.nonzero": "int",
    "torch.mean": "float",
    "torch.prod": "",
}
_REDUCED = {f"torch.{name}" for name in ("sum", "mean", "prod", "norm", "max", "min")}  # to one number, when nothing but the tensor is given
_INDICES = {f"torch.{name}" for name in ("randperm", "argmax", "argmin", "argsort", "nonzero")}
_LIKE = {"torch.zeros_like", "torch.ones_like", "torch.rand_like"}
_CASTS = {
    "long": "int",
    "int": "int",
    "short": "int",
    "float": "float",
    "double": "float",
    "half": "float",
    "byte": "uint8",
    "bool": "bool",
}
_SURE_CASTS = {
    "long",
    "byte",
    "half",
    "double",
    "short",
}  # that make a tensor of whatever they are called on; .float(), .int(): of a tensor
_SAME = frozenset(
    "contiguous clone detach cpu cuda view view_as reshape squeeze unsqueeze expand expand_as permute transpose t repeat flatten "
    "clamp abs index_select gather narrow new_zeros new_ones masked_select data".split()
)
_COMPARISONS = frozenset("eq ne gt ge lt le isnan isfinite isinf logical_not".split())
# names of calls that may make a tensor of dtype bool
BOOL_CALLS = _COMPARISONS | {"bool", "BoolTensor", "isnan", "isfinite", "isinf", "logical_and", "logical_or", "logical_not", "logical_xor"}
_PAIRS = {"topk", "sort"}  # values, indices
_LOSSES = frozenset(
    "nll_loss cross_entropy binary_cross_entropy binary_cross_entropy_with_logits smooth_l1_loss l1_loss mse_loss margin_ranking_loss "
    "hinge_embedding_loss multilabel_margin_loss soft_margin_loss multilabel_soft_margin_loss cosine_embedding_loss multi_margin_loss "
    "triplet_margin_loss poisson_nll_loss kl_div".split()
)
_LOSS_CLASSES = frozenset(
    "L1Loss NLLLoss NLLLoss2d PoissonNLLLoss KLDivLoss MSELoss BCELoss BCEWithLogitsLoss HingeEmbeddingLoss MultiLabelMarginLoss "
    "SmoothL1Loss SoftMarginLoss CrossEntropyLoss MultiLabelSoftMarginLoss CosineEmbeddingLoss MarginRankingLoss MultiMarginLoss "
    "TripletMarginLoss CTCLoss".split()
)
_DEPTH = 8


@dataclass(frozen=True)
class Kind:
    """A tensor: its dtype ("bool", "uint8", "int", "float", "" for unknown), whether it surely has no dimension, whether it is indices."""

    dtype: str = ""
    scalar: bool = False
    index: bool = False


class Tensors:
    """What is certain of the tensors of one file."""

    def __init__(self, module: Module):
        self.module = module

    def kind(self, node: cst.CSTNode | None, depth: int = 0) -> Kind | None:
        """What an expression is; None where it is not a tensor for certain."""
        if node is None or depth > _DEPTH:
            return None
        depth += 1
        if isinstance(node, cst.Call):
            return self._call(node, depth)
        if isinstance(node, cst.Name):
            return self._name(node, depth)
        if isinstance(node, cst.Attribute):
            base = self.kind(node.value, depth)
            if base is not None and node.attr.value in ("data", "T", "grad"):
                return base if node.attr.value == "data" else replace(base, scalar=False)
            return None
        if isinstance(node, cst.Subscript):
            return self._subscript(node, depth)
        if isinstance(node, cst.Comparison):
            sides = [node.left, *(t.comparator for t in node.comparisons)]
            plain = not any(isinstance(t.operator, cst.In | cst.NotIn | cst.Is | cst.IsNot) for t in node.comparisons)
            return Kind("bool") if plain and len(sides) == 2 and any(self.kind(s, depth) is not None for s in sides) else None
        if isinstance(node, cst.UnaryOperation) and not isinstance(node.operator, cst.Not):
            base = self.kind(node.expression, depth)
            return replace(base, index=False) if base is not None else None
        if isinstance(node, cst.BinaryOperation):
            return self._operation(node, depth)
        return None

    def _operation(self, node: cst.BinaryOperation, depth: int) -> Kind | None:
        left, right = self.kind(node.left, depth), self.kind(node.right, depth)
        if left is None and right is None:
            return None
        found = [k for k in (left, right) if k is not None]
        other = node.right if right is None else node.left
        scalar = all(k.scalar for k in found) and (len(found) == 2 or isinstance(other, cst.Integer | cst.Float | cst.UnaryOperation))
        if isinstance(node.operator, cst.BitAnd | cst.BitOr | cst.BitXor):
            return Kind("bool" if len(found) == 2 and all(k.dtype == "bool" for k in found) else "", scalar)
        dtypes = {k.dtype for k in found} | ({"int"} if isinstance(other, cst.Integer) and len(found) == 1 else set())
        if len(found) == 1 and not isinstance(other, cst.Integer):
            dtypes.add("float" if isinstance(other, cst.Float) else "")
        if isinstance(node.operator, cst.Divide):
            return Kind("float" if "" not in dtypes else "", scalar)
        return Kind("float" if dtypes == {"float"} or dtypes == {"float", "int"} else "int" if dtypes == {"int"} else "", scalar)

    def _subscript(self, node: cst.Subscript, depth: int) -> Kind | None:
        pair = self._pair(node.value, depth)
        if pair is not None:
            index = node.slice[0].slice if len(node.slice) == 1 else None
            value = index.value if isinstance(index, cst.Index) else None
            return pair[int(value.value)] if isinstance(value, cst.Integer) and value.value in ("0", "1") else None
        base = self.kind(node.value, depth)
        return replace(base, scalar=False) if base is not None else None

    def _pair(self, node: cst.CSTNode, depth: int) -> tuple[Kind, Kind] | None:
        """The values and the indices that ``topk``, ``sort``, and ``max`` over a dimension return."""
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
            return None
        name = self.module.qualified(node.func)
        word = node.func.attr.value
        if name is not None:
            if name not in ("torch.topk", "torch.sort") and not (name in ("torch.max", "torch.min") and _has_dimension(node, 1)):
                return None
            source = self.kind(argument(node, "input", 0), depth)
        else:
            source = self.kind(node.func.value, depth)
            if word not in _PAIRS and not (word in ("max", "min") and _has_dimension(node, 0)):
                return None
            if source is None and word != "topk":
                return None
        return Kind(source.dtype if source is not None else ""), Kind("int", index=True)

    def _call(self, node: cst.Call, depth: int) -> Kind | None:
        name = self.module.qualified(node.func)
        if name is not None:
            return self._function(node, name, depth)
        if isinstance(node.func, cst.Attribute):
            made = self._loss_of(node.func)
            return made if made is not None else self._method(node, node.func, depth)
        if isinstance(node.func, cst.Name):
            return self._loss_of(node.func)
        return self._made_loss(node.func)

    def _function(self, node: cst.Call, name: str, depth: int) -> Kind | None:
        if name in _CONSTRUCTORS:
            return Kind(_CONSTRUCTORS[name])
        if name == "torch.arange":
            return self._arange(node)
        if name in _CREATED:
            if name in ("torch.max", "torch.min", "torch.sort", "torch.topk", "torch.where"):
                if name in ("torch.sort", "torch.topk") or _has_dimension(node, 1) or len(node.args) != 1:
                    return None
            given = argument(node, "dtype")
            if given is not None:
                return Kind(_DTYPES.get(self.module.qualified(given) or "", ""))
            if any(a.star for a in node.args):
                return Kind()
            if name in _LIKE:
                source = self.kind(argument(node, "input", 0), depth)
                return Kind(source.dtype if source is not None else "")
            if name == "torch.nonzero" and len(node.args) != 1:
                return None
            scalar = name in _REDUCED and len(node.args) == 1
            return Kind(_CREATED[name], scalar, name in _INDICES)
        home, _, last = name.rpartition(".")
        if home == "torch.nn.functional":
            return Kind("float", _is_mean(node)) if last in _LOSSES else None
        if name in ("torch.autograd.Variable", "torch.autograd.variable.Variable", "torch.nn.Parameter"):
            return self.kind(argument(node, "data", 0), depth) or Kind()
        return None

    def _arange(self, node: cst.Call) -> Kind:
        given = argument(node, "dtype")
        if given is not None:
            return Kind(_DTYPES.get(self.module.qualified(given) or "", ""))
        numbers = [a.value for a in node.args if a.keyword is None or a.keyword.value in ("start", "end", "step")]
        whole = bool(numbers) and all(_is_whole(self.module, n) for n in numbers) and not any(a.star for a in node.args)
        return Kind("int" if whole else "")

    def _method(self, node: cst.Call, func: cst.Attribute, depth: int) -> Kind | None:
        word = func.attr.value
        base = self.kind(func.value, depth)
        if word in _CASTS and (base is not None or word in _SURE_CASTS) and not node.args:
            return Kind(_CASTS[word], base is not None and base.scalar, base is not None and base.index and _CASTS[word] == "int")
        if base is None:
            return None
        if word in _COMPARISONS:
            return Kind("bool")
        if word in ("sum", "mean", "prod") and not node.args:
            return Kind(base.dtype if word != "mean" else "float", scalar=True)
        if word in ("max", "min") and not node.args:
            return replace(base, scalar=True)
        if word in ("argmax", "argmin", "argsort"):
            return Kind("int", index=True)
        if word == "nonzero" and not node.args:
            return Kind("int", index=True)
        if word in _SAME:
            keeps = word in ("contiguous", "clone", "detach", "cpu", "cuda")
            return replace(base, scalar=base.scalar and keeps, index=base.index and word not in ("abs", "new_zeros", "new_ones"))
        if word in (
            "exp",
            "log",
            "sqrt",
            "sigmoid",
            "tanh",
            "norm",
            "mul",
            "add",
            "sub",
            "div",
            "matmul",
            "mm",
            "sum",
            "mean",
            "pow",
            "to",
        ):
            return Kind()
        return None

    # --- names

    def _name(self, node: cst.Name, depth: int) -> Kind | None:
        values = self.assigned(node)
        if not values:
            return None
        kinds = [self._value(*v, depth) for v in values]
        first = kinds[0]
        return first if first is not None and all(k == first for k in kinds) else None

    def assigned(self, node: cst.Name) -> list[tuple[cst.CSTNode, int | None]]:
        """Every value that the name's scope assigns to it, with the place in a tuple; empty where anything else binds it."""
        module = self.module
        _, bound = module.names.bindings_at(node.value, node)
        found: list[tuple[cst.CSTNode, int | None]] = []
        for binding in bound:
            if isinstance(binding.node, cst.Param):
                return []
            if not isinstance(binding.node, cst.AssignTarget):
                return []
            value = module.parent(binding.node).value
            target = binding.node.target
            if isinstance(target, cst.Tuple | cst.List):
                places = [i for i, e in enumerate(target.elements) if isinstance(e.value, cst.Name) and e.value.value == node.value]
                if len(places) != 1 or any(isinstance(e, cst.StarredElement) for e in target.elements):
                    return []
                found.append((value, places[0]))
            elif module.enclosing(node, cst.Assign) is module.parent(binding.node):
                return []  # x = f(x)
            else:
                found.append((value, None))
        return found

    def _value(self, value: cst.CSTNode, place: int | None, depth: int) -> Kind | None:
        if place is None:
            return self.kind(value, depth)
        pair = self._pair(value, depth + 1)
        return pair[place] if pair is not None and place < 2 else None

    # --- losses

    def _loss_of(self, func: cst.CSTNode) -> Kind | None:
        """What ``criterion(x, y)`` returns, where all that ``criterion`` or ``self.criterion`` is in this file are losses of torch."""
        if isinstance(func, cst.Name):
            values = [v for v, place in self.assigned(func) if place is None]
        elif isinstance(func.value, cst.Name) and func.value.value == "self":
            values = self._self_attributes.get(func.attr.value, [])
        else:
            return None
        if not values:
            return None
        made = [self._made_loss(v) for v in values]
        return made[0] if made[0] is not None and all(m == made[0] for m in made) else None

    @cached_property
    def _self_attributes(self) -> dict[str, list[cst.CSTNode]]:
        """What the file assigns to ``self.name``."""
        found: dict[str, list[cst.CSTNode]] = {}
        for assign in self.module.find(cst.Assign):
            for target in assign.targets:
                node = target.target
                if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and node.value.value == "self":
                    found.setdefault(node.attr.value, []).append(assign.value)
        return found

    def _made_loss(self, maker: cst.CSTNode) -> Kind | None:
        """The kind of what a loss returns that ``nn.MSELoss(...)`` makes (``.cuda()`` and ``.to(...)`` behind it are passed over)."""
        while (
            isinstance(maker, cst.Call)
            and isinstance(maker.func, cst.Attribute)
            and maker.func.attr.value in ("cuda", "to", "cpu")
            and isinstance(maker.func.value, cst.Call)
        ):
            maker = maker.func.value
        if not isinstance(maker, cst.Call):
            return None
        home, _, last = (self.module.qualified(maker.func) or "").rpartition(".")
        if last not in _LOSS_CLASSES or home not in ("torch.nn", "torch.nn.modules.loss", "torch.nn.modules"):
            return None
        return Kind("float", _is_mean(maker))


def _has_dimension(node: cst.Call, position: int) -> bool:
    given = argument(node, "dim", position)
    return given is not None and isinstance(given, cst.Integer | cst.UnaryOperation)


def _is_mean(node: cst.Call) -> bool:
    """Whether a loss is reduced to one number, by what its arguments say."""
    for arg in node.args:
        if arg.star:
            return False
        if arg.keyword is not None and arg.keyword.value in ("reduction", "reduce", "size_average"):
            value = arg.value
            text = value.value if isinstance(value, cst.Name | cst.SimpleString) else ""
            if arg.keyword.value == "reduction" and text.strip("\"'") not in ("mean", "sum", "elementwise_mean"):
                return False
            if arg.keyword.value == "reduce" and text != "True":
                return False
    return True


def _is_whole(module: Module, node: cst.CSTNode) -> bool:
    """Whether a number is an integer for certain: a literal, ``len(x)``, ``int(x)``, ``x.size(i)``, ``x.shape[i]``."""
    if isinstance(node, cst.Integer):
        return True
    if isinstance(node, cst.Call):
        if isinstance(node.func, cst.Name):
            return module.names.builtin(node.func, "len") or module.names.builtin(node.func, "int")
        return isinstance(node.func, cst.Attribute) and node.func.attr.value in ("size", "numel", "dim") and len(node.args) <= 1
    return isinstance(node, cst.Subscript) and isinstance(node.value, cst.Attribute) and node.value.attr.value == "shape"
