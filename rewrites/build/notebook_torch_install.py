"""Report notebook cells that uninstall torch, or install another one than the runtime has.

On a hosted notebook (Colab, Kaggle) torch comes with the runtime and fits its driver. A cell that takes it away, pins an old release or
reinstalls it breaks the extensions that were built against it, and the kernel goes on with the torch that it has imported until it is
restarted: two torches are mixed (``'_OpNamespace' 'aten' object has no attribute ...``).

Before:
    !pip install torch==1.4.0 yacs
After:
    !pip install torch==1.4.0 yacs
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from migrator.notebook import Notebook
from migrator.python import cst, string_value
from migrator.rewrite import Finding, Rewrite
from rewrites.build._nvcc import RUNS_SHELL

ID = "notebook-torch-install"
_TORCH = re.compile(r"(?:torch|torchvision|torchaudio|pytorch|pytorch-cuda)(?:\[[\w,]*\])?(?P<pin>(?:===?|=|<=?|~=).*)?")
_WHEEL = re.compile(r"(?:https?://|/|\./).*?\b(?:torch|torchvision|torchaudio)-\d[^/]*\.whl")
_REINSTALL = frozenset({"-U", "--upgrade", "--force-reinstall", "--pre"})


def fix(ctx) -> Iterator[Finding]:
    if not isinstance(ctx.file, Notebook):
        return
    for offset, text in [*ctx.file.commands, *_from_python(ctx)]:
        for command in re.split(r"&&|\|\||[;|\n]", text):
            found = _judge(command)
            if found is not None:
                yield Finding(ID, offset, *found)


def _from_python(ctx) -> Iterator[tuple[int, str]]:
    """Offset and text of the commands that are run by os.system and subprocess."""
    module = ctx.module
    for call, _ in module.names.calls(RUNS_SHELL) if module is not None else ():
        first = call.args[0].value if call.args else None
        if isinstance(first, cst.List):
            words = [string_value(e.value) for e in first.elements]
            yield module.start(call), " ".join("python" if w is None else shlex.quote(w) for w in words)
        elif string_value(first) is not None:
            yield module.start(call), string_value(first)


def _judge(command: str) -> tuple[str, str] | None:
    """What is wrong with a command, and what to write instead."""
    try:
        words = shlex.split(command.lstrip(" \t!%"), comments=True)
    except ValueError:  # a quote that is left open
        return None
    tools = [i for i, word in enumerate(words) if re.fullmatch(r"pip[\d.]*|u?v?pip|conda|mamba", word.rpartition("/")[2])]
    if not tools or tools[0] + 1 >= len(words):
        return None
    verb, rest = words[tools[0] + 1], words[tools[0] + 2 :]
    torch = [word for word in rest if _TORCH.fullmatch(word) or _WHEEL.match(word)]
    if not torch:
        return None
    shown = " ".join(torch)
    others = [w for w in rest if w not in torch and not w.startswith("-") and not re.match(r"https?://", w)]
    instead = "delete it: the torch of the runtime fits its driver"
    if verb in ("uninstall", "remove"):
        return f"uninstalls {shown}: the kernel goes on with what it has imported", f"{instead}; restart the runtime if it is gone already"
    pinned = any(_WHEEL.match(word) or _TORCH.fullmatch(word)["pin"] for word in torch)
    if verb != "install" or not (pinned or _REINSTALL & set(rest)):
        return None
    left = f"; install only what is missing: !pip install -q {' '.join(map(shlex.quote, others))}" if others else ""
    return f"installs another torch than the runtime's ({shown}): two of them are mixed until a restart", instead + left


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"pip", "pip3", "conda", "mamba"}), language="python", deprecated_in="1.0")
