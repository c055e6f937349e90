"""A GPU is visible, and torch has code for it."""

from ..result import fail, ok, warn
from . import assign, dotted, taken, torch_of

ID = "gpu"
TITLE = "a GPU that torch has code for"


def check(facts):
    torch, first = torch_of(facts), taken(facts)
    if not torch or not torch["cuda"]:
        return
    if not torch["gpus"]:
        if not facts["environ"].get("TORCH_CUDA_ARCH_LIST"):
            yield warn(
                "no GPU is visible",
                "builds do not know what to compile for: `IndexError: list index out of range`, or every architecture",
                assign(facts, "TORCH_CUDA_ARCH_LIST", "8.0;8.6;9.0") + "   (those of your GPUs)",
            )
        return
    have = {each.removeprefix("sm_").rstrip("af") for each in torch["arch_list"] if each.startswith("sm_")}
    ptx = [int(each.removeprefix("compute_").rstrip("af")) for each in torch["arch_list"] if each.startswith("compute_")]
    for each in torch["gpus"]:
        major, minor = each["capability"]
        runs = any(arch[:-1] == str(major) and int(arch[-1]) <= minor for arch in have) or any(one <= major * 10 + minor for one in ptx)
        if runs:
            yield ok(f"{each['name']} (sm_{major}{minor})")
        else:
            yield fail(
                f"{each['name']} is sm_{major}{minor}, and this torch has {', '.join(torch['arch_list'])}",
                "`no kernel image is available`, or the first operation hangs",
                "install a torch wheel of a newer CUDA release"
                if all(int(arch[:-1]) <= major for arch in have)
                else "install an older torch, or a wheel of an older CUDA release: newer ones dropped this GPU",
            )
        newest = max(first["architectures"], default=None) if first else None
        if newest and major * 10 + minor > newest and not facts["environ"].get("TORCH_CUDA_ARCH_LIST"):
            yield fail(
                f"{each['name']} is sm_{major}{minor}, and nvcc {dotted(first['version'])} knows up to sm_{newest}",
                "extensions do not build: `Unsupported gpu architecture`",
                assign(facts, "TORCH_CUDA_ARCH_LIST", f"{newest // 10}.{newest % 10}+PTX") + "   (or a newer CUDA toolkit)",
            )
