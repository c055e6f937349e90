"""Import and run time."""

from ..signature import Signature, either

_REBUILD = "rm -rf build/ && find . -name '_C*.so' -delete && python setup.py build_ext --inplace"
_MIGRATE = "cuport migrate ."
_OWN = r"_ZN3c104cuda9SetDeviceEi|_ZNK3c106SymInt|_ZNK3c104Type14isSubtypeOfExt"

SIGNATURES = (
    Signature(
        "extension-not-built", "78", "`cannot import name '_C' from 'maskrcnn_benchmark'`",
        either(r"ImportError: cannot import name '?_C'?(?: from (?:partially initialized module )?'[\w.]+')?(?: \((?!.*torch/__init__).*)?$",
               r"(?:ModuleNotFoundError|ImportError): No module named '(?!torch\._C)[\w.]+\._C'"),
        "The compiled part of this package is not there: never built, its build failed, or another checkout of the package is imported.",
        "Build it in this checkout, and look which folder is imported.",
        "find . -name '_C*.so'; python setup.py build_ext --inplace", source="facebookresearch/maskrcnn-benchmark#614",
    ),
    Signature(
        "abi-symbol", "79", "`undefined symbol: _ZN3c105ErrorC1ENS_14SourceLocationERKSs`",
        r"undefined symbol: _ZN(?:K?3c10|K?2at|K?5torch)\w*(?:Ss|NSt7__cxx1112basic_string)\w*",
        "The library was built against another torch, or with the other C++ string ABI (ERKSs is the old one, __cxx11 the new one).",
        "Build it again with this torch; do not set _GLIBCXX_USE_CXX11_ABI yourself.", _REBUILD, source="CharlesShang/DCNv2#19",
        rewrites=("glibcxx-abi",), unless=_OWN + "|cublasGetErrorEnum",
    ),
    Signature(
        "torch-changed-symbol", "80", "`undefined symbol: _ZN2at19UndefinedTensorImpl10_singletonE`",
        r"undefined symbol: _ZN\w*UndefinedTensorImpl10_singletonE",
        "torch was changed after the extension was built.", "Build it again from nothing.", _REBUILD,
        source="facebookresearch/maskrcnn-benchmark#421",
    ),
    Signature(
        "imported-before-torch", "81", "`undefined symbol: THPVariableClass`", r"undefined symbol: THPVariableClass",
        "The extension was imported before torch.", "Import torch first, in the package's __init__.py.", "import torch", source="pytorch/extension-cpp#6",
    ),
    Signature(
        "torch-pair-symbol", "82", "`undefined symbol: _ZN3c104cuda9SetDeviceEi`, `...SymInt...`", r"undefined symbol: (?:" + _OWN + ")",
        "The wheel was built for another torch or CUDA; perhaps pip took one from its cache.", "Build it again without the cache.",
        "python -m pip install --no-cache-dir --no-build-isolation --force-reinstall --no-deps PACKAGE", source="rusty1s/pytorch_cluster#100",
    ),
    Signature(
        "dll-load-failed", "83", "`DLL load failed while importing _C`",
        r"ImportError: DLL load failed(?: while importing (?!torch\b)\w+)?: (?:The specified (?:procedure|module) could not be found|找不到指定的(?:模块|程序))",
        "Windows does not find a library or a function that the extension needs: built for another torch, or torch was not imported first.",
        "Import torch first; if it still fails, build the extension again with this torch.", source="facebookresearch/pytorch3d#1872",
    ),
    Signature(
        "no-init-function", "84", "`dynamic module does not define module export function (PyInit__C)`",
        r"dynamic module does not define module export function \(PyInit_\w+\)",
        "The library registers operators and has no Python module in it, and it is imported as one.",
        "Add an empty PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {}, or load it with torch.ops.load_library.", source="pytorch/extension-cpp#128",
    ),
    Signature(
        "cudart-missing", "85", "`libcudart.so.10.1: cannot open shared object file`",
        r"libcu(?:dart|blas|sparse|fft|rand|solver)\.so\.[\d.]+: (?:cannot open shared object file|无法打开共享(?:对象|目标)文件)",
        "The library was linked to a CUDA that is not here: another toolkit built it, or a stale build folder was used.",
        "Bring torch and the extension to one CUDA and build again.", _REBUILD,
        beware="A symlink from another major release makes it load, and fail later.", source="facebookresearch/detectron2#2064",
    ),
    Signature(
        "pop-call-configuration", "86", "`undefined symbol: __cudaPopCallConfiguration`", r"undefined symbol: __cudaPopCallConfiguration",
        "Compiled by a newer nvcc than the CUDA run time that it was linked to.", "Build again with one CUDA.", _REBUILD, source="xvjiarui/GCNet#28",
    ),
    Signature(
        "no-kernel-image", "87", "`no kernel image is available for execution on the device`",
        r"no kernel image is available for execution on the device",
        "The library (torch's or the extension's) has no code for this GPU's architecture.",
        "Build the extension for it (cuobjdump --list-elf shows what a library has). If plain torch operators fail too, torch's wheel lacks it.",
        'TORCH_CUDA_ARCH_LIST="8.6" python setup.py build_ext --inplace --force', source="thomasbrandon/mish-cuda#10",
    ),
    Signature(
        "invalid-device-function", "88", "`invalid device function`",
        either(r"CUDA error: invalid device function", r"THCudaCheck FAIL .*: invalid device function", r"^error in \w+: invalid device function"),
        "The library has no code for this GPU: built on another machine, or by an nvcc of another CUDA than torch's.",
        "Build it again on this machine, with the CUDA that torch was built with.", _REBUILD, source="lbin/DCNv2#14",
    ),
    Signature(
        "wheel-lacks-arch", "65 E", "`with CUDA capability sm_86 is not compatible with the current PyTorch installation`",
        r"with CUDA capability sm_\w+ is not compatible with the current PyTorch installation",
        "This torch wheel has no code for the GPU; the first operation on it fails or hangs.",
        "Install a torch wheel of a newer CUDA release.", "cuport doctor", source="pytorch/pytorch#45028",
    ),
    Signature(
        "non-static-forward", "90", "`Legacy autograd function with non-static forward method is deprecated`",
        r"Legacy autograd function with non-static forward method is deprecated",
        "An autograd Function of the old style. Static methods alone do not help where it is still called as Fn()(x).",
        "Make forward and backward static with ctx as the first parameter, and call Fn.apply(x) everywhere.",
        source="longcw/RoIAlign.pytorch#41",
    ),
    Signature(
        "torch-six", "91", "`No module named 'torch._six'`",
        either(r"No module named 'torch\._six'", r"module 'torch\._six' has no attribute 'PY3\d?'", r"cannot import name '\w+' from 'torch\._six'"),
        "torch 2.0 removed torch._six (PY3 went before).",
        "inf is math.inf, string_classes str, int_classes int, container_abcs collections.abc; drop tests of PY3.",
        source="tianzhi0549/FCOS#358",
    ),
    Signature(
        "cuda-amp-warning", "92 E", "`torch.cuda.amp.GradScaler(args...) is deprecated`", r"torch\.cuda\.amp\.\w+\(args\.\.\.\).? is deprecated",
        "torch 2.4 moved it to torch.amp with the device as the first argument.",
        "torch.amp.GradScaler('cuda', ...), if the project needs no torch before 2.3; else keep a fall-back to torch.cuda.amp.",
        source="pytorch/tutorials#3257", kind="warning",
    ),
    Signature(
        "amp-too-new", "93 E", "`module 'torch.amp' has no attribute 'GradScaler'`",
        either(r"module 'torch(?:\.amp)?' has no attribute 'GradScaler'", r"cannot import name 'GradScaler' from 'torch\.amp'",
               r"GradScaler.*got an unexpected keyword argument 'device'", r"__init__\(\) got an unexpected keyword argument 'device'.*GradScaler"),
        "The code is of torch 2.3 or newer, and the installed torch is older.",
        "Try torch.amp first, then torch.cuda.amp, then a disabled scaler; or upgrade torch.", source="ultralytics/ultralytics#14647",
    ),
    Signature(
        "amp-private-name", "94", "`OptState` cannot be imported, `torch.cuda.amp.common` missing",
        either(r"cannot import name 'OptState' from 'torch\.cuda\.amp\.grad_scaler'", r"No module named 'torch\.cuda\.amp\.common'"),
        "A private name of torch's that moved (torch 2.3: torch.amp.grad_scaler) or is not there yet.",
        "Import it from where this torch has it, or upgrade the package that imports it.", source="learning-at-home/hivemind#610",
    ),
    Signature(
        "two-cudnn", "95 E", "`Could not load library libcudnn_cnn_train.so.8`",
        either(r"Could not load library libcudnn_\w+\.so\.\d+", r"libcudnn_\w+\.so\.\d+: undefined symbol: .*libcudnn_\w+\.so",
               r"symbol .* not defined in file libcudnn_\w+\.so\.\d+ with link time reference"),
        "Two copies of cuDNN are mixed: the loader finds a system one (mostly through LD_LIBRARY_PATH) before the wheel's.",
        "Take the system's folder out of LD_LIBRARY_PATH, or put the wheel's cuDNN first.",
        'export LD_LIBRARY_PATH="$(python -c \'import nvidia.cudnn,os;print(os.path.join(nvidia.cudnn.__path__[0],"lib"))\')"', source="AILab-CVC/Make-Your-Video#4",
    ),
    Signature(
        "cudnn-no-engine", "95 E", "`GET was unable to find an engine to execute this computation`",
        r"GET was unable to find an engine to execute this computation",
        "cuDNN found no way to run the convolution: mostly two cuDNN copies are mixed or a part of it did not load; also too little memory.",
        "See which cuDNN is loaded; take a system one out of LD_LIBRARY_PATH.", "cuport doctor", source="ultralytics/ultralytics#10203",
    ),
    Signature(
        "cudnn-incompatible", "96", "`cuDNN version incompatibility: PyTorch was compiled against ...`",
        r"cuDNN version incompatibility: PyTorch was compiled\s+against",
        "The loader took another cuDNN than the one torch was built with.", "Take its folder out of LD_LIBRARY_PATH.", "unset LD_LIBRARY_PATH",
        source="pytorch/pytorch#80877",
    ),
    Signature(
        "cudnn-not-initialised", "97", "`cuDNN error: CUDNN_STATUS_NOT_INITIALIZED`", r"cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
        "cuDNN could not start: the GPU's memory is full, or driver, CUDA and torch do not fit together.",
        "Look at free GPU memory (nvidia-smi); then check the versions.", "cuport doctor", source="haotian-liu/LLaVA#458",
    ),
    Signature(
        "torchvision-pair", "98", "`Couldn't load custom C++ ops`, `operator torchvision::nms does not exist`",
        either(r"Couldn't load custom C\+\+ ops\. This can happen if your PyTorch and torchvision versions are incompatible",
               r"[Nn]o such operator torchvision::\w+", r"operator torchvision::\w+ does not exist"),
        "torch and torchvision are of releases that do not belong together.", "Install the torchvision of this torch.", "cuport doctor   (names the pair)",
        source="pytorch/vision#4071",
    ),
    Signature(
        "fused-rms-norm", "E", "`'_OpNamespace' 'aten' object has no attribute '_fused_rms_norm_backward'`",
        r"'_OpNamespace' 'aten' object has no attribute '_fused_rms_norm\w*'",
        "Python files of one torch run with the binary of another: torch was upgraded under a running interpreter, or torch, torchvision and "
        "torchaudio are of different releases.",
        "Restart the interpreter (the notebook's runtime); then compare torch.__version__ with the installed version.", "cuport doctor",
        beware="On a hosted notebook never force-reinstall torch; install only what is missing.",
    ),
    Signature(
        "illegal-access-other-gpu", "99", "`an illegal memory access` only on cuda:1 and above", r"an illegal memory access was encountered",
        "A kernel of the extension ran on the current device while its tensors are on another: it has no device guard.",
        "Put at::cuda::CUDAGuard guard(x.device()); at the start of the function that launches. Until then: torch.cuda.set_device(x.device).",
        source="open-mmlab/mmdetection#1603", earlier=r"cuda:[1-9]|--gpu(?:_id)?[= ][1-9]\b|--device[= ]?cuda:[1-9]",
    ),
    Signature(
        "illegal-access", "100", "`an illegal memory access was encountered`", r"an illegal memory access was encountered",
        "A kernel read or wrote outside its memory. The message comes later than the fault; the line in the traceback is often innocent.",
        "Run with CUDA_LAUNCH_BLOCKING=1 or under compute-sanitizer to see which kernel. In old extensions look for pointers to temporaries: "
        "keep the result of .contiguous() in a variable as long as the kernel runs.",
        "CUDA_LAUNCH_BLOCKING=1 compute-sanitizer python ...", source="mileyan/AnyNet#15",
    ),
)
