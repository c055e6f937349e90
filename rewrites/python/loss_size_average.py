"""Say ``reduction`` where a loss was told ``size_average`` and ``reduce``.

Both are deprecated since torch 0.4.1; they warn, and are turned into the same ``reduction``. ``"elementwise_mean"``, which 0.4.1 called the
mean, is ``"mean"`` since torch 1.0.

Before:
    import torch.nn as nn
    loss = nn.SmoothL1Loss(size_average=False)
After:
    import torch.nn as nn
    loss = nn.SmoothL1Loss(reduction="sum")
"""

from __future__ import annotations

from migrator.python import argument_node, boolean, cst, quote_like, remove_argument, string_value
from migrator.rewrite import Change, Rewrite

ID = "loss-size-average"
_CLASSES = (
    *("L1Loss", "NLLLoss", "NLLLoss2d", "PoissonNLLLoss", "KLDivLoss", "MSELoss", "BCELoss", "BCEWithLogitsLoss", "HingeEmbeddingLoss"),
    *("MultiLabelMarginLoss", "SmoothL1Loss", "SoftMarginLoss", "CrossEntropyLoss", "MultiLabelSoftMarginLoss", "CosineEmbeddingLoss"),
    *("MarginRankingLoss", "MultiMarginLoss", "TripletMarginLoss"),
)
_FUNCTIONS = (
    *("nll_loss", "poisson_nll_loss", "kl_div", "cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits"),
    *("smooth_l1_loss", "l1_loss", "mse_loss", "margin_ranking_loss", "hinge_embedding_loss", "multilabel_margin_loss"),
    *("soft_margin_loss", "multilabel_soft_margin_loss", "cosine_embedding_loss", "multi_margin_loss", "triplet_margin_loss"),
)
LOSSES = {f"torch.nn.{name}" for name in _CLASSES} | {f"torch.nn.functional.{name}" for name in _FUNCTIONS}


def fix(ctx):
    module = ctx.module if (ctx.may_give("size_average", "reduce") or ctx.has("elementwise_mean")) and ctx.may_use(LOSSES) else None
    if module is None:
        return
    for call, _ in module.names.calls(LOSSES):
        old = [a for a in (argument_node(call, "size_average"), argument_node(call, "reduce")) if a is not None]
        new = argument_node(call, "reduction")
        if not old:
            if new is not None and string_value(new.value) == "elementwise_mean":
                yield Change(ID, (module.replace(new.value, quote_like(new.value, "mean") if isinstance(new.value, cst.SimpleString) else '"mean"'),))
            continue
        values = {a.keyword.value: True if _is_none(a.value) else boolean(a.value) for a in old}
        if new is not None or None in values.values():
            continue  # what wins, or what the values are, is not in the source
        if not values.get("reduce", True):
            reduction = "none"
        else:
            reduction = "mean" if values.get("size_average", True) else "sum"
        old.sort(key=module.start)
        edits = [module.replace_span(*module.span(old[0]), f'reduction="{reduction}"')]
        if len(old) == 2:
            edits += remove_argument(module, call, old[1])
        yield Change(ID, tuple(edits))


def _is_none(node) -> bool:
    return isinstance(node, cst.Name) and node.value == "None"


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"size_average", "reduce", "elementwise_mean"}), language="python", deprecated_in="1.0"
)
