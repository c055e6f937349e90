"""ATen's own changes: checks, types, accessors, and sources newer than the torch that compiles them."""

from ..signature import Signature, either, missing_header, undeclared

_MIGRATE = "cuport migrate ."
_RAISE = "python -m pip install --upgrade torch   (or check out the release of the project that fits your torch)"

SIGNATURES = (
    Signature(
        "at-check", "4 5", "`AT_CHECK` unknown", undeclared("AT_CHECK"),
        "torch 1.5 removed AT_CHECK.", "Write TORCH_CHECK in every file.",
        _MIGRATE, beware="A shim (#define AT_CHECK TORCH_CHECK) is only for projects that must still build on torch before 1.2.",
        source="MhLiao/DB#245", unless=r"in definition of macro|in expansion of macro 'CHECK_", rewrites=("at-check",),
    ),
    Signature(
        "at-check-in-macro", "8", "`AT_CHECK` unknown, inside a macro such as `CHECK_CUDA`", undeclared("AT_CHECK"),
        "torch 1.5 removed AT_CHECK, and here it stands in the body of a #define.",
        "Write TORCH_CHECK(x.is_cuda(), ...) in the macro. cuport changes bodies of macros too.",
        _MIGRATE, source="zeliu98/CloserLook3D#16", then=r"in definition of macro|in expansion of macro 'CHECK_", rewrites=("at-check", "type-method"),
    ),
    Signature(
        "check-argument-number", "6", "message of a check begins with a number: `3invalid batch size`",
        r"(?:RuntimeError|Error): ?\d(?:invalid|wrong|expected|bad|weight|input|offset)\b.*",
        "The check was THArgCheck(condition, argument number, message); the number was left in when it became TORCH_CHECK, and is now printed.",
        "Drop the number. The check itself is true: look at what it says about your tensors.",
        _MIGRATE, source="tianweiy/CenterPoint#46", rewrites=("th-arg-check", "at-check"),
    ),
    Signature(
        "torch-check-arg", "7", "`TORCH_CHECK_ARG` unknown", undeclared("TORCH_CHECK_ARG"),
        "The source uses a macro that this torch does not have: it was ported for a newer one.",
        "Write TORCH_CHECK(condition, message), which every torch since 1.2 has.", source="lucasjinreal/DCNv2_latest#50",
    ),
    Signature(
        "ceil-div-too-new", "11", "`ATen/ceil_div.h` not found", missing_header(r"ATen/ceil_div\.h"),
        "The source was ported for torch 1.11 or newer, and the installed torch is older.",
        "Upgrade torch, or use the older release of the project.", _RAISE, source="lucasjinreal/DCNv2_latest#54",
    ),
    Signature(
        "dispatch-on-type", "21", "no conversion from `at::DeprecatedTypeProperties` to `c10::ScalarType`",
        either(
            r'no suitable conversion function from "(?:const )?at::DeprecatedTypeProperties" to "c10::ScalarType" exists',
            r"(?:cannot|could not) convert '.*' from '(?:const )?at::DeprecatedTypeProperties' to '(?:c10|at)::ScalarType'",
            r"cannot convert '(?:const )?at::DeprecatedTypeProperties' to '(?:c10|at)::ScalarType'",
            r'C2440: .*at::DeprecatedTypeProperties.*c10::ScalarType',
        ),
        "AT_DISPATCH_* takes a scalar type, and the call passes x.type().",
        "Pass x.scalar_type() in AT_DISPATCH_*; ask x.is_cuda() instead of x.type().is_cuda().",
        _MIGRATE, source="naver/croco#43", rewrites=("dispatch-on-type",),
    ),
    Signature(
        "dispatch-on-type-warning", "22", "`passing at::DeprecatedTypeProperties to an AT_DISPATCH macro is deprecated`",
        r"passing at::DeprecatedTypeProperties to an AT_DISPATCH macro is deprecated",
        "AT_DISPATCH_* is given x.type(). A warning here, an error with torch 2.6 and newer.",
        "Pass x.scalar_type().", _MIGRATE, source="ivan-chai/torch-linear-assignment#11", kind="warning", rewrites=("dispatch-on-type",),
    ),
    Signature(
        "type-deprecated-warning", "23", "`Tensor.type() is deprecated. Instead use Tensor.options()`",
        r"Tensor\.type\(\) is deprecated",
        "x.type() is deprecated; what replaces it depends on the use.",
        "scalar_type() for a dispatch or a comparison, options() for a factory, is_cuda() for a check.",
        _MIGRATE, source="google/lasr#4", kind="warning", rewrites=("type-method", "dispatch-on-type", "factory-on-type"),
    ),
    Signature(
        "type-scalartype", "24", '`class "at::Type" has no member "scalarType"`',
        either(
            r'class "at::(?:Type|DeprecatedTypeProperties)" has no member "scalarType"',
            r"'(?:class|struct) at::(?:Type|DeprecatedTypeProperties)' has no member named 'scalarType'",
            r"no member named 'scalarType' in 'at::(?:Type|DeprecatedTypeProperties)'",
        ),
        "x.type().scalarType() is of torch 1.0.", "Write x.scalar_type().", _MIGRATE, source="NVIDIA/apex#272",
        rewrites=("type-method", "dispatch-on-type"),
    ),
    Signature(
        "data-deprecated-warning", "25", "`Tensor.data<T>() is deprecated`",
        r"Tensor\.data(?:<T>)?\(\) is deprecated",
        "x.data<T>() is deprecated since torch 1.3.", "Write x.data_ptr<T>(); leave x.data() without a type argument as it is.",
        _MIGRATE, source="c-hofer/torchph#27", kind="warning", rewrites=("tensor-data",),
    ),
    Signature(
        "packed-accessor-warning", "26", "`packed_accessor is deprecated, use packed_accessor32 or packed_accessor64 instead`",
        r"packed_accessor is deprecated, use packed_accessor32 or packed_accessor64",
        "packed_accessor was split in two in torch 1.3.",
        "packed_accessor64 keeps the behaviour; packed_accessor32 is faster and right only below 2^31 elements. Keep an index type that is written out.",
        source="pytorch/tutorials#644", kind="warning",
    ),
    Signature(
        "packed-accessor-too-new", "27", "`PackedTensorAccessor32` unknown",
        either(r"'?(?:\w+::)*PackedTensorAccessor(?:32|64)'? is not a template", undeclared("PackedTensorAccessor(?:32|64)")),
        "The source needs torch 1.3 or newer, and an older one is installed.", "Upgrade torch.", _RAISE,
        source="ClementPinard/Pytorch-Correlation-extension#58",
    ),
    Signature(
        "type-first-factory", "28", "no conversion from `at::DeprecatedTypeProperties` to `c10::IntArrayRef`",
        either(
            r"no matching function for call to '(?:\w+::)*(?:zeros|ones|empty|rand|randn|full)\((?:const )?at::(?:DeprecatedTypeProperties|Type)\b",
            r"could not convert '.*' from '(?:const )?at::DeprecatedTypeProperties' to '(?:c10|at)::(?:IntArrayRef|IntList)",
        ),
        "at::zeros(x.type(), {...}) has the order of torch 0.4: type first.", "Sizes first, options second: at::zeros({...}, x.options()).",
        _MIGRATE, source="soap117/DeepRule#3", rewrites=("type-first-factory",),
    ),
    Signature(
        "type-object-factory", "29", "no conversion of `torch::CUDA(...)` from `at::TypeExtendedInterface`",
        either(
            r"could not convert '(?:torch|at)::(?:CUDA|CPU)\(.*' from '(?:const )?at::(?:TypeExtendedInterface|Type|DeprecatedTypeProperties)",
            undeclared("CUDA(?=')"),
        ),
        "at::zeros(torch::CUDA(kFloat), {...}) has the order and the type objects of torch 0.4.",
        "Write at::zeros({...}, at::device(at::kCUDA).dtype(at::kFloat)).", _MIGRATE, source="princeton-vl/CornerNet#33",
        rewrites=("type-object", "type-first-factory"),
    ),
    Signature(
        "torch-zeros-too-new", "30", "`'zeros' is not a member of 'torch'`",
        either(r"'(?:zeros|ones|empty)' is not a member of 'torch'", r"'(?:zeros|ones|empty)' 不是 ?'torch' ?的成员"),
        "The source is of torch 1.0 or newer, and the installed torch is 0.4: there the factories were in at:: only.",
        "Upgrade torch (or write at::zeros).", _RAISE, source="princeton-vl/CornerNet-Lite#28",
    ),
    Signature(
        "cloneable-cast", "56", "`cloneable.h: error: invalid static_cast from type 'const torch::OrderedDict<`",
        r"cloneable\.h:\d+:\d+: error: invalid static_cast from type 'const torch::OrderedDict<",
        "nvcc 9.2 to 11.1 with gcc 5 to 7 miscompiles a header of torch 1.5 that torch/extension.h brings into the .cu.",
        "Include only ATen headers in .cu files, or take torch 1.6 or newer (its header avoids it).", source="pytorch/pytorch#37221",
    ),
    Signature(
        "kfanin", "55 E", "`cannot convert 'const torch::enumtype::kFanIn' to 'int'`",
        r"torch::(?:enumtype::)?kFan(?:In|Out)'",
        "A follow-on: nvcc could not digest torch's C++ front end, which torch/extension.h brings into the .cu. Mostly another error stands "
        "above it; alone it means a host compiler too old for this torch.",
        "Mend the error above it first. If there is none: include only the ATen headers that the .cu uses, keep torch/extension.h "
        "(pybind11) in one .cpp, and use a newer g++.",
        "cuport doctor", source="ashawkey/cubvh#22", kind="follow-on",
    ),
    Signature(
        "raw-alloc-too-new", "48", "`raw_alloc_with_stream` unknown", undeclared("raw_alloc_with_stream"),
        "The source needs a newer torch than is installed.", "Upgrade torch.", _RAISE, source="NVIDIA/MinkowskiEngine#193",
    ),
    Signature(
        "long-data-ptr", "42", "unresolved `at::Tensor::data_ptr<long>` (Windows, macOS)",
        either(
            r'(?:unresolved external symbol|无法解析的外部符号) .*(?:at::Tensor(?:Base)?::(?:data|data_ptr|item)<long>|\?\?\$(?:data|data_ptr|item)@J@)',
            r"Symbol not found: _{1,2}ZNK2at\d+Tensor(?:Base)?\d+(?:data|data_ptr|item)IlE",
            r'"long\* at::Tensor(?:Base)?::data(?:_ptr)?<long>\(\) const", referenced from',
        ),
        "On Windows and macOS long is not int64_t, and torch exports the functions for int64_t only.",
        "Write int64_t for the elements of a long tensor, in data_ptr<>, accessor<> and in the kernels that take the pointer.",
        _MIGRATE, source="JIA-Lab-research/PointGroup#15", rewrites=("long-storage",),
    ),
    Signature(
        "uint64-data", "43", "unresolved `at::Tensor::data<unsigned __int64>` (MSVC)",
        either(
            r"(?:unresolved external symbol|无法解析的外部符号) .*(?:at::Tensor::data(?:_ptr)?<unsigned __int64>|\?\?\$data(?:_ptr)?@_K@)",
        ),
        "This torch has no tensors of unsigned 64-bit integers.",
        "Take data_ptr<int64_t>() and cast the pointer: reinterpret_cast<unsigned long long *>(...).", source="pytorch/pytorch#19822",
    ),
    Signature(
        "macro-redefined", "46 E", '`"CUDA_CHECK" redefined`, `"TORCH_CHECK" redefined`',
        either(
            r'(?:error|warning|警告|错误)\s?[:：] "(?:CUDA_CHECK|CHECK|TORCH_CHECK|AT_CHECK|CUDA_KERNEL_LOOP|DIVUP)" (?:redefined|重定义)',
            r"warning C4005: '(?:CUDA_CHECK|CHECK|TORCH_CHECK|AT_CHECK)': (?:macro redefinition|宏重定义)",
            r"error: '(?:CUDA_CHECK|TORCH_CHECK|AT_CHECK)' macro redefined",
        ),
        "The source defines a macro that torch or a library that it includes defines too: a short private one, or a shim for old releases.",
        "Drop the shim; give a private macro a prefix of the project.", _MIGRATE, source="vllm-project/vllm#18287", kind="as-line",
        rewrites=("check-shim",),
    ),
    Signature(
        "paddle-operator", "E", "`paddle/extension.h` not found, `PD_BUILD_OP` unknown",
        either(missing_header(r"paddle/\S+\.h"), undeclared(r"PD_\w+")),
        "This is a custom operator for Paddle, not for PyTorch.", "Build it with Paddle, or port it to torch/extension.h; no rewrite of cuport's does that yet.",
    ),
)
