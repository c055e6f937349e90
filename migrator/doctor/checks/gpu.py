"""A GPU is visible, and torch has code for it."""

from ..result import fail, ok, warn

ID = "gpu"
TITLE = "a GPU that torch has code for"


def check(facts):
    torch = facts["torch"]
    if not torch or "error" in torch or not torch["cuda"]:
        return
    if not torch["gpus"]:
        if not facts["environ"].get("TORCH_CUDA_ARCH_LIST"):
            yield warn(
                "no GPU is visible",
                "builds do not know what to compile for: `IndexError: list index out of range`, or every architecture",
                'export TORCH_CUDA_ARCH_LIST="8.0;8.6;9.0"   (what your GPUs are)',
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
                "install a torch wheel of a newer CUDA release",
            )
