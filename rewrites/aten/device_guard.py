"""Guard a device by its ``device()``.

``at::DeviceGuard`` took a tensor or an index before torch 1.0; now it takes a ``Device``.

Before:
    at::DeviceGuard guard(x.get_device());
After:
    at::DeviceGuard guard(x.device());
"""

from migrator.rewrite import Change, Edit, Rewrite

ID = "device-guard-index"
_INDICES = frozenset({"int", "int64_t", "long", "int32_t", "int16_t", "short", "c10::DeviceIndex", "at::DeviceIndex"})


def fix(ctx):
    for name in ctx.names({"DeviceGuard"}):
        declaration = name.enclosing("declaration")
        if declaration is None or declaration.field_child("type") is None:
            continue
        if declaration.field_child("type").text.replace(" ", "") not in ("at::DeviceGuard", "c10::DeviceGuard", "DeviceGuard", "torch::DeviceGuard"):
            continue
        for node in declaration.walk():
            if node.kind not in ("argument_list", "initializer_list", "parameter_list"):
                continue
            if len(node.named) != 1:
                break
            argument = node.named[0]
            text = "".join(argument.text.split())
            if text.endswith(".get_device()"):
                start = argument.start + argument.text.encode("utf-8", "surrogateescape").rindex(b"get_device")
                yield Change(ID, (Edit(start, start + len("get_device"), b"device"),))
            else:
                declared = ctx.scopes.lookup(text, argument) if text.isidentifier() else None
                if declared is not None and declared.type.is_tensor and not declared.type.pointers:
                    yield Change(ID, (Edit(argument.end, argument.end, b".device()"),))
                elif text.isdigit() or (declared is not None and not declared.type.pointers and declared.type.base in _INDICES):
                    yield Change(ID, (Edit(argument.start, argument.start, b"at::Device(at::kCUDA, "), Edit(argument.end, argument.end, b")")))
            break


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"DeviceGuard"}), removed_in="1.0")
