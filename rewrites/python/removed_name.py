"""Find what Python code imports from torch and torch has no more.

Private and half-private names that no other rewrite can replace by one of today: each is reported with what to write. (Looked up in torch
2.15 itself.)

Before:
    from torch.onnx import symbolic_registry
After:
    from torch.onnx import symbolic_registry
"""

from migrator.rewrite import Rewrite
from rewrites.python._removed import Removed, removed

ID = "removed-name"
_ITERATOR = "torch.utils.data.dataloader._BaseDataLoaderIter, or iterate over the DataLoader: its parts are private"
_MULTIGPU = "one process for each GPU, and the same function without _multigpu"
_GONE: dict[str, tuple[str, str]] = {  # name -> the first release seen without it, what to write
    "torch.utils.serialization": ("1.0", "the package torchfile reads .t7 files of Lua Torch"),
    "torch.legacy": ("1.0", "torch.nn"),
    "torch.nn._functions": ("1.3", "torch.nn.functional"),
    "torch.nn.backends.thnn.backend": ("1.3", "torch.nn.functional"),
    "torch.utils.data.dataloader._DataLoaderIter": ("1.2", _ITERATOR),
    "torch.utils.data.dataloader.DataLoaderIter": ("1.0", _ITERATOR),
    "torch.utils.data.dataloader.container_abcs": ("1.1", "import collections.abc"),
    "torch.utils.data.dataloader.string_classes": ("2.0", "(str, bytes)"),
    "torch.utils.data._utils.collate.container_abcs": ("1.9", "import collections.abc"),
    "torch.utils.data._utils.collate.string_classes": ("2.0", "(str, bytes)"),
    "torch.utils.data._utils.collate.int_classes": ("1.9", "int"),
    "torch.onnx.symbolic_registry": ("2.8", "torch.onnx.register_custom_op_symbolic"),
    "torch.onnx._export": ("2.5", "torch.onnx.export"),
    "torch.onnx.ExportTypes": ("2.15", "nothing: an export is one protobuf file"),
    "torch.autograd.gradcheck.iter_tensors": ("2.15", "torch.autograd.gradcheck._iter_tensors, which is private as well"),
    "torch.distributed._backend": ("1.0", "torch.distributed.get_backend()"),
    "torch.distributed.dist_backend": ("1.0", 'the names that torch.distributed.get_backend() returns: "nccl", "gloo"'),
    "torch.distributed._initialized": ("1.0", "torch.distributed.is_initialized()"),
    "torch.jit.get_trace_graph": ("1.4", "torch.jit.trace(f, args).graph"),
    "torch.testing.make_non_contiguous": ("2.0", "torch.testing.make_tensor(..., noncontiguous=True)"),
    "torch.testing.rand": ("2.0", "torch.rand"),
    "torch.testing.randn": ("2.0", "torch.randn"),
    "torch.testing.get_all_device_types": ("2.0", '["cpu", "cuda"] where torch.cuda.is_available()'),
    "torch.nn.modules.linear._LinearWithBias": ("1.9", "torch.nn.modules.linear.NonDynamicallyQuantizableLinear, or torch.nn.Linear"),
    **{
        f"torch.distributed.{name}_multigpu": ("2.15", _MULTIGPU)
        for name in ("all_gather", "all_reduce", "broadcast", "reduce", "reduce_scatter")
    },
    "torch.distributed.distributed_c10d._default_pg": ("2.15", "torch.distributed.group.WORLD"),
    "torch.distributed.pipeline": ("2.15", "torch.distributed.pipelining"),
    "torch.btrifact_with_info": ("1.3", "torch.linalg.lu_factor_ex"),
    "torch.btriunpack": ("1.3", "torch.lu_unpack"),
    "torch.autograd.gradcheck.zero_gradients": ("2.15", "x.grad = None for each input"),
    "torch.autograd.function.traceable": ("2.15", "nothing: leave the decorator out"),
    "torch._jit_internal.weak_module": ("2.15", "nothing: leave the decorator out"),
    "torch._jit_internal.weak_script_method": ("2.15", "nothing: leave the decorator out"),
    "torch.nn.modules.loss._assert_no_grad": ("2.15", "assert not x.requires_grad"),
    "torch.nn.functional._pointwise_loss": ("2.15", "the loss itself, with reduction="),
    "torch.distributions.utils._finfo": ("2.15", "torch.finfo(x.dtype)"),
    "torch.utils.data.dataloader._use_shared_memory": ("2.15", "torch.utils.data.get_worker_info() is not None"),
    "torch.testing.assert_equal": ("2.15", "torch.testing.assert_close(x, y, rtol=0, atol=0)"),
    "torch.onnx._optimize_trace": ("2.15", "torch.onnx.export, which optimizes"),
    "torch.onnx.set_training": ("2.15", "training= of torch.onnx.export"),
    "torch.onnx.export_to_pretty_string": ("2.15", "onnx.printer.to_text of the package onnx"),
    "torch.onnx.dynamo_export": ("2.15", "torch.onnx.export(..., dynamo=True)"),
    "torch.onnx.symbolic_caffe2": ("2.15", "torch.onnx.symbolic_opset9, or torch.onnx.register_custom_op_symbolic"),
    "torch._utils._accumulate": ("2.8", "itertools.accumulate"),
}


_TABLE = {name: Removed(release, f"{name} is gone (torch {release} has it no more)", advice) for name, (release, advice) in _GONE.items()}
rewrite = Rewrite(
    ID, __doc__, fix=removed(ID, _TABLE), triggers=frozenset(n.rsplit(".", 1)[-1] for n in _GONE), language="python", removed_in="1.0"
)
