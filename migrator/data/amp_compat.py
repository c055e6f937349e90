"""Mixed precision with one import, on torch 1.6 to 2.15, with CUDA or on a machine that has only a CPU.

    from amp_compat import GradScaler, autocast

Written by cuport; it needs nothing but torch, and is yours to keep. It calls the newest interface that is there (``torch.amp``, then
``torch.cuda.amp``), and takes the arguments of both: ``autocast("cuda", enabled=x)`` and ``autocast(x)``, ``GradScaler("cuda", 1024.0)``
and ``GradScaler(1024.0)``. Where there is no GPU the same training loop runs in full precision: the scaler is off and keeps its state for
the next machine, and ``autocast`` does nothing, unless bfloat16 is asked for (CPUs have that from torch 1.10 on).
"""

import contextlib
import functools

import torch

__all__ = ["autocast", "GradScaler", "custom_fwd", "custom_bwd", "AUTOCAST_API", "SCALER_API"]

_amp = getattr(torch, "amp", None)
_cuda_amp = getattr(torch.cuda, "amp", None)

# What is called here, or None. torch.autocast is torch.amp.autocast, and older (1.10) than that name (1.12).
if hasattr(torch, "autocast"):
    AUTOCAST_API = "torch.autocast"
else:
    AUTOCAST_API = "torch.cuda.amp.autocast" if _cuda_amp else None
if hasattr(_amp, "GradScaler"):
    SCALER_API = "torch.amp.GradScaler"
else:
    SCALER_API = "torch.cuda.amp.GradScaler" if _cuda_amp else None


def _here(device_type):
    """The type of device that the work runs on: "cpu" for "cuda" where there is no GPU."""
    device_type = torch.device(device_type).type
    return "cpu" if device_type == "cuda" and not torch.cuda.is_available() else device_type


# --- autocast


class _Off(contextlib.ContextDecorator):
    """Full precision: a context manager and decorator that does nothing."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


def _new_order(device_type, dtype=None, enabled=True, cache_enabled=None):
    return device_type, dtype, enabled, cache_enabled


def _old_order(enabled=True, dtype=torch.float16, cache_enabled=None):
    return "cuda", dtype, enabled, cache_enabled


def autocast(*args, **kwargs):
    """A context manager and decorator, as ``torch.autocast(device_type, dtype, enabled, cache_enabled)`` or, without a device,
    ``torch.cuda.amp.autocast(enabled, dtype, cache_enabled)``.

    On a CPU it is off unless ``dtype=torch.bfloat16``. Before torch 1.10 it is CUDA's, in float16; another dtype means full precision.
    """
    new = "device_type" in kwargs or (args and isinstance(args[0], (str, torch.device)))
    device_type, dtype, enabled, cache_enabled = (_new_order if new else _old_order)(*args, **kwargs)
    device_type = _here(device_type)
    if AUTOCAST_API is None or (device_type == "cpu" and enabled and dtype is not torch.bfloat16):
        return _Off()
    if AUTOCAST_API == "torch.autocast":
        options = {"dtype": dtype, "cache_enabled": cache_enabled}
        if device_type == "cpu" and not enabled:
            del options["dtype"]  # some releases warn of float16 here even when off
        return torch.autocast(device_type, enabled=enabled, **{k: v for k, v in options.items() if v is not None})
    if device_type != "cuda" or dtype not in (None, torch.float16):
        return _Off()
    return _cuda_amp.autocast(enabled)


# --- GradScaler


class _NoScaler:
    """What GradScaler stands on where torch has none (before 1.6): off."""

    def __init__(self, enabled=False, **options):
        self._enabled = False

    def scale(self, outputs):
        return outputs

    def unscale_(self, optimizer):
        return None

    def step(self, optimizer, *args, **kwargs):
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale=None):
        return None

    def get_scale(self):
        return 1.0

    def get_growth_factor(self):
        return self._growth_factor

    def get_backoff_factor(self):
        return self._backoff_factor

    def get_growth_interval(self):
        return self._growth_interval

    def set_growth_factor(self, new_factor):
        self._growth_factor = new_factor

    def set_backoff_factor(self, new_factor):
        self._backoff_factor = new_factor

    def set_growth_interval(self, new_interval):
        self._growth_interval = new_interval

    def is_enabled(self):
        return False

    def state_dict(self):
        return {}

    def load_state_dict(self, state_dict):
        return None


_Scaler = _amp.GradScaler if SCALER_API == "torch.amp.GradScaler" else _cuda_amp.GradScaler if SCALER_API else _NoScaler


def _scaler_options(init_scale=2.0**16, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000, enabled=True):
    return {
        "init_scale": init_scale,
        "growth_factor": growth_factor,
        "backoff_factor": backoff_factor,
        "growth_interval": growth_interval,
        "enabled": enabled,
    }


class GradScaler(_Scaler):
    """torch's scaler, with or without ``device`` as its first argument (default: "cuda").

    Where it cannot scale (no GPU, or a device that this torch has no scaler for) it is off: ``scale`` gives the loss back, ``step``
    steps. It keeps its state all the same, so that a checkpoint goes from a GPU to a CPU and back: ``state_dict`` gives what was loaded,
    or the state of a new scaler.
    """

    def __init__(self, *args, **kwargs):
        if args and isinstance(args[0], (str, torch.device)):
            device, args = args[0], args[1:]
        else:
            device = kwargs.pop("device", "cuda")
        device = torch.device(device).type
        options = _scaler_options(*args, **kwargs)
        can_scale = _here(device) == device and (SCALER_API == "torch.amp.GradScaler" or (device == "cuda" and SCALER_API is not None))
        self._kept = None
        if options["enabled"] and not can_scale:
            self._kept = {name: options[name] for name in ("growth_factor", "backoff_factor", "growth_interval")}
            self._kept.update({"scale": float(options["init_scale"]), "_growth_tracker": 0})
            options["enabled"] = False
        if SCALER_API == "torch.amp.GradScaler":
            super().__init__(device, **options)
        else:
            super().__init__(**options)
        for name in ("growth_factor", "backoff_factor", "growth_interval"):
            setattr(self, "_" + name, options[name])  # torch leaves them out when it is off, and then its getters fail

    def state_dict(self):
        return super().state_dict() if self._kept is None else dict(self._kept)

    def load_state_dict(self, state_dict):
        if self._kept is None:
            super().load_state_dict(state_dict)
        elif state_dict:  # empty: saved by a scaler that somebody turned off
            self._kept = dict(state_dict)


# --- autograd functions


def custom_fwd(fwd=None, device_type="cuda", cast_inputs=None):
    """Decorates the ``forward`` of an autograd function, as ``torch.amp.custom_fwd`` does. The device may be left out."""
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(*args, **kwargs):
        return _decorated("custom_fwd", fwd, device_type, cast_inputs=cast_inputs)(*args, **kwargs)

    return forward


def custom_bwd(bwd=None, device_type="cuda"):
    """Decorates the ``backward`` of an autograd function, as ``torch.amp.custom_bwd`` does. The device may be left out."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(*args, **kwargs):
        return _decorated("custom_bwd", bwd, device_type)(*args, **kwargs)

    return backward


def _decorated(name, function, device_type, **options):
    """``function`` decorated by torch's own decorator. Done at the call: to ask for a GPU at import would break programs that fork."""
    device_type = _here(device_type)
    if hasattr(_amp, name):
        return getattr(_amp, name)(function, device_type=device_type, **options)
    if device_type == "cuda" and hasattr(_cuda_amp, name):
        return getattr(_cuda_amp, name)(function, **options)
    return function
