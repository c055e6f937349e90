"""What the loader finds when a library is imported: other releases, two copies, nothing."""

from ..signature import Signature, either

_REBUILD = "rm -rf build/ && find . -name '_C*.so' -delete && python setup.py build_ext --inplace"
_UNDEFINED = r"(?:undefined symbol: |[Ss]ymbol not found(?: in flat namespace)?:? \(?['\"]?_?)"

SIGNATURES = (
    Signature(
        "other-torch-symbol",
        "",
        "`undefined symbol:` of torch's own (`_ZN2at...`, `_ZN3c10...`, `_ZN5torch...`)",
        _UNDEFINED + r"_Z(?:T[ISV])?NK?(?:3c10|2at|5torch|6caffe2)",
        "The library was built against another torch release (or one with other CUDA support) than the one that is imported.",
        "Build it again, from nothing, with this torch; for a wheel, take the one that is made for this torch and CUDA.",
        _REBUILD,
        unless=r"UndefinedTensorImpl|_ZN3c104cuda9SetDeviceEi|_ZNK3c106SymInt|_ZNK3c104Type14isSubtypeOfExt|cublasGetErrorEnum"
        r"|symbol: \S*(?:Ss|__cxx11)|data_ptrI[lm]|4dataI[lm]|Failed to load image Python extension",
    ),
    Signature(
        "th-symbol",
        "",
        "`undefined symbol: THFloatTensor_...`, `state`, `THCudaTensor_...`",
        r"(?:" + _UNDEFINED + r"|LNK20(?:01|19): (?:unresolved external symbol|无法解析的外部符号) (?:__imp_)?)(?:TH(?!P)\w+|state)\b",
        "An extension in C (torch.utils.ffi) or one of the THC days calls functions that torch does not have any more.",
        "Port it; nothing that is installed will bring them back.",
        "cuport migrate .",
    ),
    Signature(
        "own-function-not-linked",
        "",
        "`undefined symbol:` of the extension's own function (`_Z21ROIAlign_forward_cuda...`)",
        _UNDEFINED + r"_Z\d+\w*(?:N2at6Tensor|3c10|5torch)",
        "The extension declares and calls this function, and no object that was linked defines it: its .cu or .cpp is not in the list of "
        "sources, or it is compiled with other parameters or macros (WITH_CUDA) than it is declared with.",
        "Look for the definition and compare it with the declaration; then build again from nothing.",
        _REBUILD,
    ),
    Signature(
        "python-library-not-found",
        "",
        "`libpython3.7m.so.1.0: cannot open shared object file`",
        r"libpython\d[\d.]*\w*\.so[\d.]*: cannot open shared object file",
        "The library was built with another Python, or this Python's library is not where the loader looks.",
        "Build it again with this Python; for conda: export LD_LIBRARY_PATH=$CONDA_PREFIX/lib.",
        _REBUILD,
    ),
    Signature(
        "other-torch-library",
        "",
        "`libtorch_cuda_cu.so`, `libtorch_cpu.so: cannot open shared object file`",
        r"lib(?:torch_cpu|c10_cuda|torch_cuda(?:_cu|_cpp)?|torch_hip|caffe2(?:_gpu)?|ATen|shm|torch_cuda_linalg)\.so(?:\.\d+)?: "
        r"cannot open shared object file",
        "The extension is linked to a library that the installed torch does not have: built for another release, or for CUDA while this "
        "torch is for the CPU only. (If torch/lib has it, the extension was imported before torch.)",
        "Build it again with this torch, or install the torch that it was made for; import torch first.",
        _REBUILD,
    ),
    Signature(
        "cudnn-not-found",
        "",
        "`libcudnn.so.7: cannot open shared object file`",
        r"libcudnn(?:_\w+)?\.so(?:\.\d+)*: cannot open shared object file",
        "A cuDNN of this major release is not here: the program was built for another one than torch brings.",
        "Take a build for torch's own cuDNN; torch.backends.cudnn.version() says which it is.",
        "cuport doctor",
        beware="A symlink from another major release loads, and fails later.",
    ),
    Signature(
        "cuda-libraries-mixed",
        "",
        "`libcublas.so.11: symbol ... version libcublasLt.so.11 not defined`, `undefined symbol: __nvJitLink...`, `ncclCommRegister`",
        either(
            r"symbol \w+,? version lib(?:cublas|cublasLt|cusparse|cusolver|nvJitLink|cufft|nvrtc)\.so\.\d+ not defined",
            r"undefined symbol: __nvJitLink\w+",
            r"undefined symbol: cu(?:blas|sparse|solver)\w+, version lib\w+\.so\.\d+",
            r"undefined symbol: nccl\w+",
        ),
        "Two releases of CUDA's libraries are mixed: the loader takes one from another place (mostly LD_LIBRARY_PATH) than torch's.",
        "Take that folder out of LD_LIBRARY_PATH, so that torch loads its own.",
        "unset LD_LIBRARY_PATH",
    ),
    Signature(
        "mkl-too-new",
        "",
        "`undefined symbol: iJIT_NotifyEvent`",
        r"undefined symbol: iJIT_(?:NotifyEvent|IsProfilingActive)",
        "conda's mkl 2024.1 and newer does not have what older builds of torch link to.",
        "Take the older one.",
        'conda install "mkl<2024.1"',
    ),
    Signature(
        "jit-library-missing",
        "",
        "`torch_extensions/.../fused.so: cannot open shared object file`",
        r"torch_extensions/\S+\.so: cannot open shared object file: No such file or directory",
        "The extension that is compiled on import was not built: an earlier build failed, and its folder stayed.",
        "Delete its folder in the cache and run again; the first error of that build is the cause.",
        "rm -rf ~/.cache/torch_extensions   (then: cuport explain -- python ...)",
    ),
    Signature(
        "operators-twice",
        "",
        '`Tried to register an operator ... multiple times`, `generic_type: type "X" is already registered`',
        either(
            r"[Tt]ried to register (?:an operator|multiple operators) ",
            r'generic_type: type "[^"]+" is already registered',
            r"Only a single TORCH_LIBRARY can be used to register the namespace",
        ),
        "The same operators are registered twice: two builds of the extension (an installed one and one in this folder) are both loaded.",
        "Keep one: uninstall the other, and delete old _C*.so files.",
        "find . -name '*.so'; python -m pip list",
    ),
    Signature(
        "own-operator-missing",
        "",
        "`'_OpNamespace' 'mylib' object has no attribute`, `No such operator mylib::op`",
        r"'_OpNamespace' '(?!aten'|torchvision'|prims')\w+' object has no attribute '\w+'"
        r"|No such operator (?!aten|torchvision|prims)\w+::\w+",
        "The library that registers this operator is not loaded, or was built without it.",
        "Import the package that loads it (torch.ops.load_library) first; if that is done, build the extension again.",
        _REBUILD,
    ),
    Signature(
        "extension-module-missing",
        "78",
        "`No module named 'pointnet2._ext'`, `'MultiScaleDeformableAttention'`, `'iou3d_nms_cuda'`",
        either(
            r"ModuleNotFoundError: No module named '[\w.]*(?:\b_ext(?:\.\w+)*|_cuda|_ext_cuda|cuda_ext|MultiScaleDeformableAttention)'",
            r"ImportError: cannot import name '(?:_ext|\w+_cuda|\w+_ext|iou3d_nms_cuda)' from (?:partially initialized module )?'",
        ),
        "The compiled part of this project is not there: it was not built, its build failed, or it was built in another environment.",
        "Build it in this environment (look for a setup.py or make.sh in the folder of the operators).",
        "python setup.py build_ext --inplace",
        unless=r"'torch_\w+'|No module named 'torch\.",
    ),
)
