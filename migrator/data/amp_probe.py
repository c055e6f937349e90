"""Run by ``cuport doctor --amp`` with the interpreter that is looked at: ``python -c SOURCE FOLDER``. Prints one line of JSON."""

import json
import sys
import warnings

import torch

sys.path.insert(0, sys.argv[1])
import amp_compat

device = "cuda" if torch.cuda.is_available() else "cpu"


def steps(enabled):
    """The losses of two steps of a small model, with mixed precision on or off; what autocast made of a product; the scaler."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(16, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.randn(8, 16).to(device)
    scaler = amp_compat.GradScaler(init_scale=1024.0, enabled=enabled)
    losses = []
    for _ in range(2):
        optimizer.zero_grad()
        with amp_compat.autocast(enabled=enabled):
            out = model(x)
        loss = (out.float() - 1.0).pow(2).mean()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    state = scaler.state_dict()
    scaler.load_state_dict(state or {"scale": 2.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 1, "_growth_tracker": 0})
    return {
        "losses": losses,
        "dtype": str(out.dtype).replace("torch.", ""),
        "scaling": scaler.is_enabled(),
        "finite": all(bool(torch.isfinite(p).all()) for p in model.parameters()),
        "state_kept": scaler.state_dict() == state,
    }


def bfloat16():
    """Whether a product comes out in bfloat16 where that is asked for."""
    x = torch.ones(4, 4).to(device)
    with amp_compat.autocast(dtype=torch.bfloat16):
        return str((x @ x).dtype) == "torch.bfloat16"


with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    found = {
        "torch": torch.__version__,
        "device": device,
        "name": torch.cuda.get_device_name(0) if device == "cuda" else "",
        "autocast": amp_compat.AUTOCAST_API,
        "scaler": amp_compat.SCALER_API,
        "on": steps(True),
        "off": steps(False),
    }
    try:
        found["bfloat16"] = bfloat16()
    except RuntimeError:  # a GPU without it
        found["bfloat16"] = False
found["warnings"] = sorted({str(each.message).splitlines()[0] for each in seen})
print(json.dumps(found))
