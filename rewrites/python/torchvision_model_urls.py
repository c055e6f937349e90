"""Ask torchvision's weights for the address of a checkpoint.

``torchvision.models.resnet.model_urls`` and its like are gone since torchvision 0.13, the one for torch 1.12. What they held are the
``IMAGENET1K_V1`` weights of each model: the same numbers, in files of the new format. ``get_model_weights`` came with torchvision 0.14.

Before:
    from torchvision.models.resnet import BasicBlock, model_urls
    url = model_urls["resnet18"]
After:
    from torchvision.models import get_model_weights
    from torchvision.models.resnet import BasicBlock
    url = get_model_weights("resnet18").IMAGENET1K_V1.url
"""

from __future__ import annotations

from migrator.python import Module, cst
from migrator.python_imports import spelled, take_from_import
from migrator.python_names import import_pairs
from migrator.releases import parse
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor

ID = "torchvision-model-urls"
_MODULES = ("resnet", "vgg", "densenet", "alexnet", "squeezenet", "mobilenet")  # whose keys are names of models
_OTHERS = ("inception", "googlenet", "shufflenetv2", "mnasnet")
_NAMES = {f"torchvision.models.{module}.model_urls" for module in (*_MODULES, *_OTHERS)}
_NEW = "torchvision.models.get_model_weights"
_ADVICE = 'torchvision.models.get_model_weights("resnet18").IMAGENET1K_V1.url (torchvision 0.14)'


def fix(ctx):
    module = ctx.module if ctx.may_use(_NAMES) else None
    if module is None:
        return
    imported = []
    for node in module.find(cst.ImportFrom):
        if not isinstance(node.names, cst.ImportStar) and not module.names.guarded_import(node):
            imported += [(node, module.enclosing(leaf, cst.ImportAlias), name) for _, name, leaf in import_pairs(node) if name in _NAMES]
    for node, alias, name in imported:
        edits = _imported(ctx, module, node, alias, name)
        if edits is None:
            yield _finding(module, node, name)
        else:
            yield Change(ID, tuple(sorted(edits)))
    for node, name in module.names.references(_NAMES):
        if isinstance(node, cst.Attribute):
            code = spelled(module, node, _NEW)
            edits = _item(ctx, module, node, name, code[0]) if code is not None else None
            yield _finding(module, node, name) if edits is None else Change(ID, (*edits, *code[1]))


def _imported(ctx, module: Module, node: cst.ImportFrom, alias: cst.ImportAlias, name: str) -> list[Edit] | None:
    """The edits of an import and of every use of what it binds."""
    local = (alias.asname.name if alias.asname is not None else alias.name).value
    new = _NEW.rpartition(".")[2]
    code = spelled(module, node, _NEW) if module.names.imported(_NEW) else None
    if code is None and module.names.is_bound(new):
        return None
    statement = [] if code is not None else [f"from torchvision.models import {new}"]
    taken = take_from_import(module, node, [alias], statement)
    if taken is None:
        return None
    edits = list(taken)
    for use in module.names.occurrences(local):
        if module.names.is_use(use):
            changed = _item(ctx, module, use, name, code[0] if code is not None else new) if module.qualified(use) == name else None
            if changed is None:
                return None
            edits += changed
    return edits


def _item(ctx, module: Module, node: cst.CSTNode, name: str, call: str) -> list[Edit] | None:
    """The edits of ``model_urls[key]``; None for any other use, and for keys that are no names of models."""
    item = module.parent(node)
    if not (isinstance(item, cst.Subscript) and item.value is node and len(item.slice) == 1 and isinstance(item.slice[0].slice, cst.Index)):
        return None
    if isinstance(module.parent(item), cst.AssignTarget | cst.Del) or settings_floor(ctx) < parse("1.13"):
        return None
    if name.split(".")[2] not in _MODULES:
        return None
    key = item.slice[0].slice.value
    return [module.replace(item, f"{call}({module.code(key)}).IMAGENET1K_V1.url")]


def _finding(module: Module, node: cst.CSTNode, name: str) -> Finding:
    return Finding(ID, module.start(node), f"{name} is gone since torchvision 0.13", _ADVICE)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"model_urls"}), language="python", removed_in="1.12")
