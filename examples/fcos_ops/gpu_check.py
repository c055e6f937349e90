#!/usr/bin/env python
"""Migrate, build and check the fcos_ops example: one call does everything.

    python examples/fcos_ops/gpu_check.py                        # migrate, build, check
    python examples/fcos_ops/gpu_check.py --package-dir DIR      # check a package that is already built

On a machine with a GPU everything runs; without one the CPU part runs and the report says what
was not checked. Exit code 0: nothing failed, 1: something did. The report is one JSON file.
"""

import argparse
import contextlib
import datetime
import glob
import importlib
import json
import math
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections import OrderedDict
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
sys.path.insert(0, str(HERE))


class Skip(Exception):
    """Raised inside a check that cannot run here; the text says why."""


def json_ready(value):
    """JSON has no NaN and no infinity: those become text."""
    if isinstance(value, dict):
        return OrderedDict((str(k), json_ready(v)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return [json_ready(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


class Report:
    def __init__(self):
        self.data = OrderedDict(
            date=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            device=None, versions=OrderedDict(), checks=[], not_checked=[])

    def add(self, name, status, reason=None, **figures):
        entry = OrderedDict(name=name, status=status)
        if reason:
            entry["reason"] = reason
        if figures:
            entry["figures"] = figures
        self.data["checks"].append(entry)
        if status == "skipped":
            self.data["not_checked"].append("%s: %s" % (name, reason))
        shown = ", ".join("%s=%s" % (k, ("%.3g" % v) if isinstance(v, float) else v)
                          for k, v in figures.items() if not isinstance(v, (dict, list)))
        print("%-8s %-58s %s" % (status, name, (reason or shown).splitlines()[0] if reason or shown else ""), flush=True)

    def run(self, name, check, *args, **kwargs):
        """check(...) returns its figures, raises Skip, or raises anything else: failed."""
        start = time.time()
        try:
            figures = check(*args, **kwargs) or {}
        except Skip as skip:
            self.add(name, "skipped", str(skip))
            return None
        except Exception as error:  # a failed check must not stop the others
            text = "%s: %s" % (type(error).__name__, str(error).strip())
            if not isinstance(error, (AssertionError, RuntimeError)):
                text += "\n" + traceback.format_exc(limit=-3)
            self.add(name, "failed", text[-3000:], **getattr(error, "figures", {}))
            return None
        figures.setdefault("seconds", round(time.time() - start, 3))
        self.add(name, "ok", None, **figures)
        return figures

    def count(self, status):
        return sum(c["status"] == status for c in self.data["checks"])

    def write(self, path):
        self.data["summary"] = OrderedDict((s, self.count(s)) for s in ("ok", "failed", "skipped"))
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".part")
        partial.write_text(json.dumps(json_ready(self.data), indent=1, allow_nan=False, default=str) + "\n")
        partial.replace(path)


class Failed(AssertionError):
    def __init__(self, text, **figures):
        super().__init__(text)
        self.figures = figures


# ------------------------------------------------------------------ migrate and build


def cuport_command():
    for place in (Path(sys.executable).parent / "cuport", shutil.which("cuport")):
        if place and Path(place).exists():
            return [str(place)], dict(os.environ)
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, [str(REPO), os.environ.get("PYTHONPATH")])))
    return [sys.executable, "-m", "rewrites"], env


def run_command(command, cwd=None, env=None, timeout=None):
    done = subprocess.run(command, cwd=cwd, env=env, timeout=timeout, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    return done.returncode, done.stdout


def migrate(legacy, ported):
    if ported.exists():
        shutil.rmtree(ported)
    ported.parent.mkdir(parents=True, exist_ok=True)
    command, env = cuport_command()
    command = command + ["migrate", str(legacy), "--out", str(ported)]
    code, output = run_command(command, env=env)
    if code != 0:
        raise Failed("%s: exit %d\n%s" % (" ".join(command), code, output[-2000:]))
    return {"command": " ".join(command), "summary": output.strip().splitlines()[-12:]}


def find_setup(folder):
    found = sorted(folder.rglob("setup.py"), key=lambda p: len(p.parts))
    if not found:
        raise Failed("no setup.py under %s" % folder)
    return found[0]


def find_cuda_home():
    """A toolkit that torch can build with: CUDA_HOME, nvcc on PATH, /usr/local, the PyPI wheels."""
    places = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH")]
    nvcc = shutil.which("nvcc")
    places.append(os.path.dirname(os.path.dirname(os.path.realpath(nvcc))) if nvcc else None)
    for root in sys.path:
        places += sorted(glob.glob(os.path.join(root, "nvidia", "cu1[0-9]")), reverse=True)
    places += ["/usr/local/cuda"] + sorted(glob.glob("/usr/local/cuda-*"), reverse=True)
    for place in filter(None, places):
        include = [os.path.join(place, "include"), os.path.join(place, "targets", "x86_64-linux", "include")]
        if os.path.exists(os.path.join(place, "bin", "nvcc")) and any(
                os.path.exists(os.path.join(i, "cusparse.h")) for i in include):
            return place
    return None


def link_folder(cuda_home, folder):
    """The PyPI wheels hold libcudart.so.13 and no libcudart.so: a folder with such links."""
    libs = [os.path.join(cuda_home, d) for d in ("lib64", "lib")]
    if any(os.path.exists(os.path.join(d, "libcudart.so")) for d in libs):
        return None
    found = [p for d in libs for p in sorted(glob.glob(os.path.join(d, "libcudart.so.*")))]
    if not found:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "libcudart.so"
    if link.is_symlink() or link.exists():
        link.unlink()
    link.symlink_to(found[0])
    return folder


def build(package_dir, cuda_home, jobs, arch):
    import torch

    env = dict(os.environ)
    env["MAX_JOBS"] = str(jobs)
    figures = {"jobs": jobs, "cuda_sources": bool(cuda_home)}
    if cuda_home:
        env.update(CUDA_HOME=cuda_home, FORCE_CUDA="1")
        env["PATH"] = os.pathsep.join([os.path.join(cuda_home, "bin"), env.get("PATH", "")])
        if torch.cuda.is_available() and not arch:
            arch = ";".join(sorted({"%d.%d" % torch.cuda.get_device_capability(i)
                                    for i in range(torch.cuda.device_count())}))
        env["TORCH_CUDA_ARCH_LIST"] = arch or env.get("TORCH_CUDA_ARCH_LIST") or "8.0"
        figures.update(cuda_home=cuda_home, arch=env["TORCH_CUDA_ARCH_LIST"])
        links = link_folder(cuda_home, package_dir / "build" / "links")
        if links:
            env["LIBRARY_PATH"] = os.pathsep.join(filter(None, [str(links), env.get("LIBRARY_PATH")]))
            figures["libcudart_link"] = str(links)
    else:
        env.pop("FORCE_CUDA", None)
    env["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), env["PATH"]])  # ninja
    start = time.time()
    code, output = run_command([sys.executable, "setup.py", "build_ext", "--inplace"], cwd=str(package_dir), env=env)
    log = package_dir / "build_ext.log"
    log.write_text(output)
    if code != 0:
        errors = [line for line in output.splitlines() if re.search(r"\berror\b", line, re.I)]
        raise Failed("build_ext: exit %d, log in %s\n%s" % (code, log, "\n".join(errors[:8]) or output[-1500:]))
    figures["build_seconds"] = round(time.time() - start, 1)
    return figures


def library_needs(package_dir):
    """What the built library links against; a foreign CUDA runtime is a failure."""
    import torch

    readelf = shutil.which("readelf")
    if not readelf:
        raise Skip("readelf is not installed")
    libraries = glob.glob(str(package_dir / "fcos_ops" / "_C*.so"))
    if not libraries:
        raise Failed("no fcos_ops/_C*.so in %s" % package_dir)
    _, output = run_command([readelf, "-d", libraries[0]])
    needed = re.findall(r"NEEDED.*\[(.*)\]", output)
    for name in needed:
        runtime = re.match(r"libcudart\.so\.(\d+)", name)
        if runtime and torch.version.cuda and runtime.group(1) != torch.version.cuda.split(".")[0]:
            raise Failed("links %s, torch is built for CUDA %s" % (name, torch.version.cuda), needed=needed)
    return {"needed": needed}


# ------------------------------------------------------------------ the operators and their inputs


class Case:
    """One differentiable operator on one set of inputs (float64, on the CPU).

    inputs: name -> tensor; `grads` names those that get a gradient; integer tensors stay as they are.
    """

    def __init__(self, name, inputs, grads, op, ref, dtypes, on_cpu=False):
        self.name, self.inputs, self.grads = name, inputs, grads
        self.op, self.ref, self.dtypes, self.on_cpu = op, ref, dtypes, on_cpu

    def cast(self, dtype, device):
        return OrderedDict((k, v.to(device=device, dtype=dtype if v.is_floating_point() else v.dtype))
                           for k, v in self.inputs.items())


def make_rois(gen, n, batch, size, scale):
    """n rois on images of size/scale pixels, quarters of a pixel; some stick out, one is malformed."""
    import torch

    h, w = (v / scale for v in size)
    first = torch.rand(n, 2, generator=gen, dtype=torch.float64) * torch.tensor([w, h], dtype=torch.float64) * 0.7
    extent = torch.rand(n, 2, generator=gen, dtype=torch.float64) * torch.tensor([w, h], dtype=torch.float64) * 0.6 + 2
    boxes = torch.cat([first, first + extent], dim=1)
    boxes[0, :2] -= 9.0
    if n > 2:
        boxes[1, 2:] = boxes[1, :2] - 3.0
    boxes = (boxes * 4).round() / 4 + 0.0625  # never on a half after scaling
    index = torch.arange(n, dtype=torch.float64)[:, None] % batch
    return torch.cat([index, boxes], dim=1)


def make_cases(fcos_ops, small=False):
    """The differentiable operators. `small` keeps the inputs small enough for gradcheck."""
    import torch

    import reference as R

    gen = torch.Generator().manual_seed(20180401)
    f64, f32, f16, bf16 = torch.float64, torch.float32, torch.float16, torch.bfloat16

    def rand(*shape):
        return torch.randn(*shape, generator=gen, dtype=f64)

    cases = []
    b, c, h, w = (2, 2, 7, 8) if small else (2, 5, 13, 15)
    n = 3 if small else 9
    for ratio in (2, 0):
        x, rois = rand(b, c, h, w), make_rois(gen, n, b, (h, w), 0.25)
        cases.append(Case(
            "roi_align(sampling_ratio=%d)" % ratio, OrderedDict(x=x, rois=rois), ["x"],
            lambda v, r=ratio: fcos_ops.roi_align(v["x"], v["rois"], (3, 2), 0.25, r),
            lambda v, r=ratio: R.roi_align(v["x"], v["rois"], (3, 2), 0.25, r),
            [f64, f32, f16], on_cpu=True))

    # distinct values, so that every maximum is unique in half too
    planes = torch.stack([torch.randperm(h * w, generator=gen) for _ in range(b * c)]).view(b, c, h, w)
    rois = make_rois(gen, n, b, (h, w), 0.25)
    cases.append(Case(
        "roi_pool", OrderedDict(x=planes.to(f64) / 8 - 4, rois=rois), ["x"],
        lambda v: fcos_ops.roi_pool(v["x"], v["rois"], (3, 2), 0.25),
        lambda v: R.roi_pool(v["x"], v["rois"], (3, 2), 0.25), [f64, f32, f16]))

    logits = rand(6 if small else 50, 4) * 3
    targets = torch.randint(-1, 5, (len(logits),), generator=gen)
    cases.append(Case(
        "sigmoid_focal_loss", OrderedDict(logits=logits, targets=targets), ["logits"],
        lambda v: fcos_ops.sigmoid_focal_loss(v["logits"], v["targets"], 2.0, 0.25),
        lambda v: R.sigmoid_focal_loss(v["logits"], v["targets"], 2.0, 0.25), [f64, f32, f16, bf16]))

    # (channels, out, kernel, stride, padding, dilation, groups, deformable groups)
    settings = [(4, 4, 3, 1, 1, 1, 1, 1), (4, 6, 3, 2, 2, 2, 2, 2)]
    for number, (ci, co, k, stride, pad, dil, groups, dg) in enumerate(settings):
        hh, ww = (5, 6) if small else (9, 11)
        bb = 2 if small else 3
        ho = (hh + 2 * pad - (dil * (k - 1) + 1)) // stride + 1
        wo = (ww + 2 * pad - (dil * (k - 1) + 1)) // stride + 1
        common = dict(stride=stride, padding=pad, dilation=dil, groups=groups, deformable_groups=dg)
        tail = (stride, pad, dil, groups, dg, 2)  # im2col_step 2 of 3 images: a rest is left
        x, weight = rand(bb, ci, hh, ww), rand(co, ci // groups, k, k) * 0.3
        # 32nds, exact in half, and never on a pixel, where the derivative jumps
        offset = (rand(bb, dg * 2 * k * k, ho, wo) * 1.3 * 16).round() / 16 + 1 / 32
        mask = torch.sigmoid(rand(bb, dg * k * k, ho, wo))
        bias = rand(co)
        cases.append(Case(
            "deform_conv.%d" % number, OrderedDict(x=x, offset=offset, weight=weight),
            ["x", "offset", "weight"],
            lambda v, t=tail: fcos_ops.deform_conv(v["x"], v["offset"], v["weight"], *t),
            lambda v, s=common: R.deform_conv(v["x"], v["offset"], v["weight"], **s), [f64, f32, f16]))
        cases.append(Case(
            "modulated_deform_conv.%d" % number,
            OrderedDict(x=x, offset=offset, mask=mask, weight=weight, bias=bias),
            ["x", "offset", "mask", "weight", "bias"],
            lambda v, t=tail: fcos_ops.modulated_deform_conv(
                v["x"], v["offset"], v["mask"], v["weight"], v["bias"], *t),
            lambda v, s=common: R.deform_conv(v["x"], v["offset"], v["weight"], v["mask"], v["bias"], **s),
            [f64, f32, f16]))

    out_dim, group = 2, 2
    x = rand(2, out_dim * group * group, 6, 7)
    rois = make_rois(gen, 2 if small else 4, 2, (6, 7), 0.25)
    trans = rand(len(rois), 2, 2, 2)
    for no_trans in (False, True):
        pool = dict(spatial_scale=0.25, out_size=2, out_channels=out_dim, no_trans=no_trans,
                    group_size=group, part_size=2, sample_per_part=2, trans_std=0.125)
        cases.append(Case(
            "deform_psroi_pool(no_trans=%s)" % no_trans, OrderedDict(x=x, rois=rois, trans=trans),
            ["x"] if no_trans else ["x", "trans"],
            lambda v, p=pool: fcos_ops.deform_roi_pooling(v["x"], v["rois"], v["trans"], *p.values()),
            lambda v, p=pool: R.deform_psroi_pool(v["x"], v["rois"], v["trans"], **p)[0], [f64, f32]))
    return cases


# largest error allowed, relative to the largest value of the reference
TOLERANCE = {"float64": 1e-10, "float32": 2e-5, "float16": 1e-2, "bfloat16": 4e-2}


def dtype_name(dtype):
    return str(dtype).replace("torch.", "")


def forward_backward(function, values, names, grad):
    leaves = OrderedDict((k, v.detach().clone().requires_grad_(k in names)) for k, v in values.items())
    out = function(leaves)
    out.backward(grad.to(device=out.device, dtype=out.dtype))
    results = OrderedDict(out=out.detach())
    for name in names:
        if leaves[name].grad is None:
            raise Failed("no gradient for %s" % name)
        results["grad_" + name] = leaves[name].grad
    return results


def expected(case, dtype):
    """Reference results in float64 for the inputs as `dtype` holds them."""
    import torch

    values = OrderedDict((k, v.to(torch.float64) if v.is_floating_point() else v)
                         for k, v in case.cast(dtype, "cpu").items())
    with torch.no_grad():
        shape = case.ref(values).shape
    gen = torch.Generator().manual_seed(7)
    grad = torch.randn(shape, generator=gen, dtype=torch.float64).to(dtype).to(torch.float64)
    return forward_backward(case.ref, values, case.grads, grad), grad


def compare(actual, wanted, tolerance):
    import torch

    figures, worst = OrderedDict(), 0.0
    for name, ref in wanted.items():
        got = actual[name].detach().cpu().to(torch.float64)
        if got.shape != ref.shape:
            raise Failed("%s has shape %s, not %s" % (name, list(got.shape), list(ref.shape)))
        if not bool(torch.isfinite(got).all()):
            raise Failed("%s is not finite" % name)
        scale = max(float(ref.abs().max()) if ref.numel() else 0.0, 1e-12)
        error = (float((got - ref).abs().max()) if ref.numel() else 0.0) / scale
        figures[name] = error
        worst = max(worst, error)
    figures = {"max_relative_error": worst, "tolerance": tolerance, "errors": figures}
    if not worst <= tolerance:
        raise Failed("relative error %.3g, allowed %.3g (%s)" % (worst, tolerance, figures["errors"]), **figures)
    return figures


def check_parity(case, dtype, device):
    wanted, grad = expected(case, dtype)
    actual = forward_backward(case.op, case.cast(dtype, device), case.grads, grad)
    return compare(actual, wanted, TOLERANCE[dtype_name(dtype)])


def check_half_against_float(case, dtype, device):
    """The same rounded inputs in half and in float, both by the operator."""
    import torch

    _, grad = expected(case, dtype)
    low = case.cast(dtype, device)
    high = OrderedDict((k, v.float() if v.is_floating_point() else v) for k, v in low.items())
    actual = forward_backward(case.op, low, case.grads, grad)
    wanted = forward_backward(case.op, high, case.grads, grad)
    wanted = OrderedDict((k, v.cpu().to(torch.float64)) for k, v in wanted.items())
    return compare(actual, wanted, TOLERANCE[dtype_name(dtype)])


def check_gradcheck(case, device):
    import torch

    values = case.cast(torch.float64, device)
    tensors = [values[k].requires_grad_() for k in case.grads]

    def function(*leaves):
        return case.op(OrderedDict(values, **dict(zip(case.grads, leaves))))

    torch.autograd.gradcheck(function, tensors, eps=1e-6, atol=1e-5, rtol=1e-3, nondet_tol=1e-9)
    return {"inputs": case.grads, "elements": sum(t.numel() for t in tensors)}


def check_stream(case, device):
    """On a stream of its own, behind work that keeps the stream busy while the inputs are not there yet."""
    import torch

    wanted, grad = expected(case, torch.float32)
    ready = case.cast(torch.float32, device)
    late = OrderedDict((k, torch.zeros_like(v)) for k, v in ready.items())
    grad = grad.to(device=device, dtype=torch.float32)
    torch.cuda.synchronize(device)
    stream = torch.cuda.Stream(device)
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)
        for k in late:
            late[k].copy_(ready[k])
        actual = forward_backward(case.op, late, case.grads, grad)
    stream.synchronize()
    return compare(actual, wanted, TOLERANCE["float32"])


def check_empty(fcos_ops, device):
    """No rois, no boxes: nothing is launched and the shapes are right."""
    import torch

    x = torch.randn(1, 3, 8, 8, device=device, requires_grad=True)
    rois = torch.zeros(0, 5, device=device)
    out = fcos_ops.roi_align(x, rois, (2, 2), 0.5, 2)
    assert list(out.shape) == [0, 3, 2, 2], out.shape
    out.sum().backward()
    assert float(x.grad.abs().sum()) == 0
    keep = fcos_ops.nms(torch.zeros(0, 4, device=device), torch.zeros(0, device=device), 0.5)
    assert list(keep.shape) == [0] and keep.dtype == torch.int64
    if x.is_cuda:
        assert list(fcos_ops.roi_pool(x, rois, (2, 2), 0.5).shape) == [0, 3, 2, 2]
        labels = torch.zeros(0, dtype=torch.long, device=device)
        assert fcos_ops.ml_nms(torch.zeros(0, 4, device=device), labels.float(), labels, 0.5).numel() == 0
        assert list(fcos_ops.sigmoid_focal_loss(torch.zeros(0, 4, device=device), labels, 2.0, 0.25).shape) == [0, 4]


def check_messages(fcos_ops, device):
    """Wrong arguments end in an exception whose text carries the values (no %d left over)."""
    import torch

    def text_of(function, *args):
        try:
            function(*args)
        except (RuntimeError, IndexError) as error:
            return str(error).splitlines()[0]
        raise Failed("no error")

    if torch.device(device).type == "cpu":
        texts = [
            text_of(fcos_ops.roi_align, torch.zeros(2, 1, 4, 4), torch.tensor([[7.0, 0, 0, 2, 2]]), (2, 2), 1.0, 2),
            text_of(fcos_ops.roi_align, torch.zeros(2, 1, 4, 4), torch.zeros(3, 4), (2, 2), 1.0, 2),
            text_of(fcos_ops.nms, torch.zeros(3, 5), torch.zeros(3), 0.5),
            text_of(fcos_ops.ml_nms, torch.zeros(3, 4), torch.zeros(3), torch.zeros(3, dtype=torch.long), 0.5),
        ]
        wanted = ["2)", "[3, 4]", "[3, 5]", "CPU"]
    else:
        x = torch.zeros(1, 4, 5, 5, device=device)
        texts = [
            text_of(fcos_ops.sigmoid_focal_loss, x[0, 0], torch.zeros(9, dtype=torch.long, device=device), 2.0, 0.25),
            text_of(fcos_ops.deform_conv, x, torch.zeros(1, 18, 5, 5, device=device),
                    torch.zeros(4, 3, 3, 3, device=device), 1, 1),
            text_of(fcos_ops.roi_align, x, torch.zeros(1, 5, device=device).double(), (2, 2), 1.0, 2),
        ]
        wanted = ["targets", "4", "same type"]
    left = [t for t in texts if re.search(r"%[dsf]", t)]
    if left:
        raise Failed("printf conversions left in: %s" % left, texts=texts)
    for text, want in zip(texts, wanted):
        if want not in text:
            raise Failed("%r says nothing of %r" % (text, want), texts=texts)
    return {"texts": texts}


def make_boxes(n, seed, dtype):
    import torch

    gen = torch.Generator().manual_seed(seed)
    centre = torch.rand(n, 2, generator=gen, dtype=torch.float64) * 200
    size = torch.rand(n, 2, generator=gen, dtype=torch.float64) * 60 + 5
    boxes = torch.cat([centre - size / 2, centre + size / 2], dim=1).to(dtype)
    scores = (torch.randperm(n, generator=gen).to(torch.float64) / max(n, 1)).to(dtype)  # distinct
    labels = torch.randint(0, 5, (n,), generator=gen)
    return boxes, scores, labels


NMS_SIZES = (1, 2, 63, 64, 65, 200, 1000)


def check_nms(fcos_ops, dtype, device):
    """The indices must be the same ones in the same order."""
    import reference as R

    kept = {}
    for n in NMS_SIZES:
        boxes, scores, _ = make_boxes(n, n, dtype)
        for threshold in (0.3, 0.7):
            wanted = R.nms(boxes.double(), scores.double(), threshold)
            got = fcos_ops.nms(boxes.to(device), scores.to(device), threshold).cpu()
            if got.tolist() != wanted.tolist():
                raise Failed("n=%d threshold=%s: kept %s, reference %s" % (
                    n, threshold, got.tolist()[:10], wanted.tolist()[:10]))
            kept["%d boxes, threshold %s" % (n, threshold)] = len(wanted)
    return {"kept": kept}


def check_ml_nms(fcos_ops, dtype, device):
    import reference as R

    kept = {}
    for n in NMS_SIZES:
        boxes, scores, labels = make_boxes(n, n + 1, dtype)
        wanted = R.ml_nms(boxes.double(), scores.double(), labels, 0.5)
        got = fcos_ops.ml_nms(boxes.to(device), scores.to(device), labels.to(device), 0.5).cpu()
        if got.tolist() != wanted.tolist():
            raise Failed("n=%d: kept %s, reference %s" % (n, got.tolist()[:10], wanted.tolist()[:10]))
        kept["%d boxes" % n] = len(wanted)
    return {"kept": kept}


def check_loss_sum(fcos_ops, dtype, device):
    import torch

    errors = {}
    for n in (1, 31, 33, 1000, 300001):
        losses = torch.rand(n, generator=torch.Generator().manual_seed(n), dtype=torch.float64).to(dtype)
        got = float(fcos_ops.sigmoid_focal_loss_sum(losses.to(device))[0])
        errors[str(n)] = abs(got - float(losses.double().sum())) / float(losses.double().sum())
    worst = max(errors.values())
    if not worst <= 1e-4:
        raise Failed("relative error %.3g" % worst, errors=errors)
    return {"max_relative_error": worst, "errors": errors}


def check_loss_extremes(fcos_ops, device):
    """Logits of +-100 give finite losses and gradients."""
    import torch

    logits = torch.tensor([[100.0, -100.0], [-100.0, 100.0], [0.0, 0.0]], device=device, requires_grad=True)
    loss = fcos_ops.sigmoid_focal_loss(logits, torch.tensor([0, 1, 2], device=device), 2.0, 0.25)
    loss.sum().backward()
    if not bool(torch.isfinite(loss).all() and torch.isfinite(logits.grad).all()):
        raise Failed("not finite: %s %s" % (loss.tolist(), logits.grad.tolist()))


def check_rejects(fcos_ops, dtype, device):
    """A type that is not dispatched ends in an exception, not in wrong numbers."""
    import torch

    x, rois = torch.ones(1, 1, 4, 4, dtype=dtype, device=device), torch.zeros(1, 5, dtype=dtype, device=device)
    try:
        fcos_ops.roi_align(x, rois, (2, 2), 1.0, 2)
    except RuntimeError as error:
        return {"text": str(error).splitlines()[0]}
    raise Failed("roi_align accepts %s" % dtype)


def check_torchvision(fcos_ops, device):
    """Where torchvision has the same operator, in float64."""
    try:
        import torchvision.ops as tv
    except Exception as error:
        raise Skip("torchvision is not usable: %s" % error)
    import torch

    errors, device_ = {}, torch.device(device)
    for case in make_cases(fcos_ops):
        v = case.cast(torch.float64, device)
        if case.name.startswith("roi_align"):
            ratio = int(case.name[-2])
            want = tv.roi_align(v["x"], v["rois"], (3, 2), 0.25, ratio if ratio else -1, aligned=False)
        elif device_.type == "cpu":
            continue
        elif case.name == "roi_pool":
            want = tv.roi_pool(v["x"], v["rois"], (3, 2), 0.25)
        elif case.name == "deform_conv.0":
            want = tv.deform_conv2d(v["x"], v["offset"], v["weight"], None, 1, 1, 1)
        elif case.name == "modulated_deform_conv.0":
            want = tv.deform_conv2d(v["x"], v["offset"], v["weight"], v["bias"], 1, 1, 1, v["mask"])
        else:
            continue
        errors[case.name] = float((case.op(v) - want).abs().max())
        if not errors[case.name] <= 1e-9:
            raise Failed("%s differs by %.3g" % (case.name, errors[case.name]), errors=errors)
    boxes, scores, _ = make_boxes(500, 3, torch.float64)
    boxes, scores = boxes.to(device), scores.to(device)
    if fcos_ops.nms(boxes, scores, 0.5).tolist() != tv.nms(boxes, scores, 0.5).tolist():
        raise Failed("nms keeps other boxes")
    return {"max_absolute_error": errors, "nms": "same indices"}


def check_other_device(fcos_ops, number):
    """Tensors on cuda:<number> while the current device is 0."""
    import torch

    worst = 0.0
    torch.cuda.set_device(0)
    for case in make_cases(fcos_ops):
        worst = max(worst, check_parity(case, torch.float32, "cuda:%d" % number)["max_relative_error"])
    check_nms(fcos_ops, torch.float32, "cuda:%d" % number)
    check_ml_nms(fcos_ops, torch.float32, "cuda:%d" % number)
    assert torch.cuda.current_device() == 0
    return {"device": number, "max_relative_error": worst}


# ------------------------------------------------------------------ compute-sanitizer


def sanitizer_payload(fcos_ops):
    """Every CUDA operator once, forward and backward; run under compute-sanitizer."""
    import torch

    for case in make_cases(fcos_ops):
        for dtype in case.dtypes:
            values = case.cast(dtype, "cuda")
            leaves = OrderedDict((k, v.requires_grad_(k in case.grads)) for k, v in values.items())
            case.op(leaves).sum().backward()
    for n in (1, 65, 200):
        boxes, scores, labels = (t.cuda() for t in make_boxes(n, n, torch.float32))
        fcos_ops.nms(boxes, scores, 0.5)
        fcos_ops.ml_nms(boxes, scores, labels, 0.5)
    fcos_ops.sigmoid_focal_loss_sum(torch.rand(1000, device="cuda"))
    torch.cuda.synchronize()
    print("payload done")


def check_sanitizer(package_dir, cuda_home, tool, timeout):
    program = shutil.which("compute-sanitizer")
    for place in (cuda_home, "/usr/local/cuda"):
        found = os.path.join(place, "bin", "compute-sanitizer") if place else ""
        if not program and os.path.exists(found):
            program = found
    if not program:
        raise Skip("compute-sanitizer is not installed")
    env = dict(os.environ, PYTORCH_NO_CUDA_MEMORY_CACHING="1")
    command = [program, "--tool", tool, "--error-exitcode", "9"]
    if tool == "memcheck":  # torch probes with calls that are allowed to fail
        command += ["--report-api-errors", "no"]
    command += [sys.executable, str(HERE / "gpu_check.py"), "--package-dir", str(package_dir),
                "--sanitizer-payload"]
    try:
        code, output = run_command(command, env=env, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Skip("compute-sanitizer --tool %s did not end within %d s" % (tool, timeout))
    lines = [line for line in output.splitlines() if "=========" in line]
    if "payload done" not in output:
        text = "\n".join(output.splitlines()[-12:])
        if re.search(r"not supported|Unable to|Failed to initialize|before first instrumented", text):
            raise Skip("compute-sanitizer does not run here: %s" % text)
        raise Failed("the operators did not run under compute-sanitizer:\n%s" % text)
    if code != 0:
        raise Failed("exit %d\n%s" % (code, "\n".join(lines[:20])))
    return {"program": program, "tool": tool, "last_line": lines[-1] if lines else ""}


# ------------------------------------------------------------------ a small FCOS-style detector

CLASSES = ("square", "circle", "triangle")
IMAGE, STRIDE = 96, 8


def draw_shapes(rng, count):
    """count images [3, IMAGE, IMAGE] in [0, 1] with their boxes [n, 4] and labels [n] (1 ...)."""
    import torch

    ys, xs = torch.meshgrid(torch.arange(IMAGE).float(), torch.arange(IMAGE).float(), indexing="ij")
    images, boxes, labels = [], [], []
    for _ in range(count):
        image = torch.rand(3, 1, 1, generator=rng) * 0.3 + torch.rand(3, IMAGE, IMAGE, generator=rng) * 0.1
        found, kinds = [], []
        for _ in range(int(torch.randint(1, 4, (1,), generator=rng))):
            for _ in range(20):  # a place that covers no other shape
                size = float(torch.rand(1, generator=rng)) * 22 + 16
                x1, y1 = (torch.rand(2, generator=rng) * (IMAGE - size - 1)).tolist()
                box = (x1, y1, x1 + size, y1 + size)
                if all(box[2] < o[0] or o[2] < box[0] or box[3] < o[1] or o[3] < box[1] for o in found):
                    break
            else:
                continue
            kind = int(torch.randint(0, 3, (1,), generator=rng))
            cx, cy, r = x1 + size / 2, y1 + size / 2, size / 2
            inside = (xs >= x1) & (xs <= x1 + size) & (ys >= y1) & (ys <= y1 + size)
            if kind == 1:
                inside &= (xs - cx) ** 2 + (ys - cy) ** 2 <= r * r
            elif kind == 2:
                inside &= (xs - cx).abs() <= (ys - y1) / 2
            colour = torch.rand(3, 1, 1, generator=rng) * 0.5 + 0.5
            image = torch.where(inside, colour, image)
            found.append(box)
            kinds.append(kind + 1)
        images.append(image)
        boxes.append(torch.tensor(found, dtype=torch.float32).view(-1, 4))
        labels.append(torch.tensor(kinds, dtype=torch.long))
    return torch.stack(images), boxes, labels


def make_targets(boxes, labels, device):
    """FCOS: a location belongs to the smallest box it lies in (in its middle part)."""
    import torch

    steps = torch.arange(IMAGE // STRIDE, dtype=torch.float32) * STRIDE + STRIDE / 2
    ys, xs = (t.reshape(-1) for t in torch.meshgrid(steps, steps, indexing="ij"))
    classes, sides = [], []
    for box, label in zip(boxes, labels):
        ltrb = torch.stack([xs[:, None] - box[:, 0], ys[:, None] - box[:, 1],
                            box[:, 2] - xs[:, None], box[:, 3] - ys[:, None]], dim=2)
        area = ((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])).expand(len(xs), -1).clone()
        extent = torch.minimum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) * 0.2
        area[(ltrb.min(dim=2).values < torch.minimum(extent, torch.tensor(STRIDE * 0.9)))] = math.inf
        best = area.min(dim=1)
        classes.append(torch.where(torch.isinf(best.values), 0, label[best.indices]))
        sides.append(ltrb[torch.arange(len(xs)), best.indices])
    return torch.cat(classes).to(device), torch.cat(sides).to(device), (xs.to(device), ys.to(device))


def make_detector(fcos_ops, full):
    """full: every operator; otherwise those that have a CPU version, the rest by plain PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Detector(nn.Module):
        def __init__(self, width=32):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(3, width, 3, 2, 1), nn.GroupNorm(4, width), nn.ReLU(),
                nn.Conv2d(width, width, 3, 2, 1), nn.GroupNorm(4, width), nn.ReLU(),
                nn.Conv2d(width, width, 3, 2, 1), nn.GroupNorm(4, width), nn.ReLU())
            if full:
                self.offset1 = nn.Conv2d(width, 18, 3, 1, 1)
                self.offset2 = nn.Conv2d(width, 27, 3, 1, 1)
                self.conv1 = fcos_ops.DeformConv(width, width, 3, padding=1)
                self.conv2 = fcos_ops.ModulatedDeformConv(width, width, 3, padding=1)
                for conv in (self.offset1, self.offset2):
                    nn.init.zeros_(conv.weight)
                    nn.init.zeros_(conv.bias)
            else:
                self.conv1 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
                self.conv2 = nn.Conv2d(width, width, 3, 1, 1)
            self.norm1, self.norm2 = nn.GroupNorm(4, width), nn.GroupNorm(4, width)
            self.cls = nn.Conv2d(width, len(CLASSES), 3, 1, 1)
            self.box = nn.Conv2d(width, 4, 3, 1, 1)
            self.centre = nn.Conv2d(width, 1, 3, 1, 1)
            nn.init.constant_(self.cls.bias, -3.0)
            self.reduce = nn.Conv2d(width, 8, 1)
            self.trans = nn.Linear(8 * 9, 2 * 9)
            nn.init.zeros_(self.trans.weight)
            nn.init.zeros_(self.trans.bias)
            self.second = nn.Linear(8 * 9 * (3 if full else 1), len(CLASSES) + 1)

        low = None  # torch.amp: the type the operators get (group norm gives float)

        def lower(self, x):
            return x if self.low is None else x.to(self.low)

        def features(self, x):
            x = self.body(x)
            if full:
                x = self.lower(x)
                x = self.lower(F.relu(self.norm1(self.conv1(x, self.offset1(x)))))
                both = self.offset2(x)
                return F.relu(self.norm2(self.conv2(x, both[:, :18], torch.sigmoid(both[:, 18:]))))
            x = F.relu(self.norm1(self.conv1(x)))
            return F.relu(self.norm2(self.conv2(x)))

        def dense(self, f):
            def flat(t):
                return t.permute(0, 2, 3, 1).reshape(-1, t.shape[1]).float()

            return flat(self.cls(f)), F.softplus(flat(self.box(f))) * STRIDE, flat(self.centre(f))[:, 0]

        def classify(self, f, rois):
            """Second stage: the classes of rois [n, 5] by pooled features."""
            f = self.reduce(f)
            scale = 1.0 / STRIDE
            pooled = fcos_ops.roi_align(f, rois.to(f.dtype), (3, 3), scale, 2)
            if not full:
                return self.second(pooled.flatten(1)).float()
            parts = [pooled, fcos_ops.roi_pool(f, rois.to(f.dtype), (3, 3), scale)]
            trans = self.trans(pooled.flatten(1)).float().view(-1, 2, 3, 3)
            # float and double only
            parts.append(fcos_ops.deform_roi_pooling(
                f.float(), rois, trans, scale, 3, 8, False, 1, 3, 2, 0.125).to(f.dtype))
            return self.second(torch.cat([p.flatten(1) for p in parts], dim=1)).float()

    return Detector()


def iou_loss(a, b):
    """-log IoU of (left, top, right, bottom) distances from one point."""
    import torch

    inter = (torch.minimum(a[:, 0], b[:, 0]) + torch.minimum(a[:, 2], b[:, 2])) * (
        torch.minimum(a[:, 1], b[:, 1]) + torch.minimum(a[:, 3], b[:, 3]))
    areas = [(s[:, 0] + s[:, 2]) * (s[:, 1] + s[:, 3]) for s in (a, b)]
    return -torch.log((inter + 1.0) / (areas[0] + areas[1] - inter + 1.0))


def detect(model, fcos_ops, images, points, full):
    """Boxes, scores and labels of each image."""
    import torch

    xs, ys = points
    per_image = []
    with torch.no_grad():
        cls, sides, centre = model.dense(model.features(images))
        scores = (cls.sigmoid() * centre.sigmoid()[:, None]).sqrt()
        for i in range(len(images)):
            part = slice(i * len(xs), (i + 1) * len(xs))
            best, label = scores[part].max(dim=1)
            d = sides[part]
            boxes = torch.stack([xs - d[:, 0], ys - d[:, 1], xs + d[:, 2], ys + d[:, 3]], dim=1)
            good = best > 0.3
            boxes, best, label = boxes[good], best[good], label[good] + 1
            if full:
                keep = fcos_ops.ml_nms(boxes, best, label, 0.4)
                boxes, best, label = boxes[keep], best[keep], label[keep]
            keep = fcos_ops.nms(boxes, best, 0.5)
            per_image.append((boxes[keep].cpu(), best[keep].cpu(), label[keep].cpu()))
    return per_image


def train_detector(fcos_ops, device, steps, amp, png, full=None):
    import torch
    from torch.nn import functional as F

    import reference as R

    kind = torch.device(device).type
    full = kind == "cuda" if full is None else full
    torch.manual_seed(1)
    rng = torch.Generator().manual_seed(2)
    model = make_detector(fcos_ops, full).to(device)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    model.low = torch.float16 if amp else None
    scaler = torch.amp.GradScaler(kind, enabled=amp)
    focal = fcos_ops.sigmoid_focal_loss if full else R.sigmoid_focal_loss
    losses, skipped = [], 0
    start = time.time()
    for _ in range(steps):
        images, boxes, labels = draw_shapes(rng, 8)
        classes, sides, points = make_targets(boxes, labels, device)
        jitter = [b + (torch.rand(b.shape, generator=rng) - 0.5) * 6 for b in boxes]
        rois = torch.cat([torch.cat([torch.full((len(b), 1), float(i)), b], 1) for i, b in enumerate(jitter)])
        context = torch.autocast(kind, dtype=torch.float16) if amp else contextlib.nullcontext()
        with context:
            f = model.features(images.to(device))
            cls, dist, centre = model.dense(f)
            second = model.classify(f, rois.to(device))
        positive = classes > 0
        total = positive.sum().clamp(min=1)
        target = sides[positive].clamp(min=0.01)
        ratio = target[:, [0, 2]].amin(1) / target[:, [0, 2]].amax(1) * (
            target[:, [1, 3]].amin(1) / target[:, [1, 3]].amax(1))
        loss = focal(cls, classes, 2.0, 0.25).sum() / total
        if bool(positive.any()):
            loss = loss + iou_loss(dist[positive], target).mean()
            loss = loss + F.binary_cross_entropy_with_logits(centre[positive], ratio.sqrt())
        loss = loss + F.cross_entropy(second, torch.cat(labels).to(device))
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        before = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        skipped += int(amp and scaler.get_scale() < before)
        losses.append(float(loss.detach()))
    seconds = time.time() - start

    window = max(1, min(20, steps // 4))
    first, last = statistics.mean(losses[:window]), statistics.mean(losses[-window:])
    test_images, test_boxes, test_labels = draw_shapes(torch.Generator().manual_seed(99), 32)
    model.eval()
    model.low = None
    found = detect(model, fcos_ops, test_images.to(device), points, full)
    hits = sum(any(int(l) == int(label) and float(R.iou(box, b[None])[0]) > 0.5 for b, l in zip(fb, fl))
               for (fb, _, fl), boxes, labels in zip(found, test_boxes, test_labels)
               for box, label in zip(boxes, labels))
    figures = OrderedDict(
        steps=steps, amp=amp, first_loss=first, last_loss=last, averaged_over=window,
        train_seconds=round(seconds, 2), test_shapes=sum(map(len, test_boxes)), test_shapes_found=hits,
        boxes_after_nms=sum(len(b) for b, _, _ in found), loss_curve=[round(v, 4) for v in losses])
    if amp:
        figures["steps_skipped_by_scaler"] = skipped
    if not full:
        figures["by_plain_pytorch"] = ["deformable convolutions (ordinary ones)", "focal loss", "ml_nms (left out)",
                                       "roi_pool (left out)", "deform_psroi_pool (left out)"]
    if png:
        figures["png"] = draw_png(png, test_images, test_boxes, found)
    if not all(math.isfinite(v) for v in losses):
        raise Failed("the loss is not finite", **figures)
    if not last < (0.6 if steps >= 200 else 0.85) * first:
        raise Failed("the loss does not fall: %.3f, then %.3f" % (first, last), **figures)
    return figures


def draw_png(path, images, truth, found):
    """Eight test images; white: made, coloured: found. PIL only; without it, no picture."""
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        return "not drawn: Pillow is not installed"
    zoom, columns = 3, 4
    sheet = Image.new("RGB", (columns * IMAGE * zoom, 2 * IMAGE * zoom))
    colours = ("red", "lime", "cyan")
    for i in range(8):
        pixels = (images[i].permute(1, 2, 0) * 255).byte().contiguous()
        tile = Image.frombytes("RGB", (IMAGE, IMAGE), bytes(pixels.flatten().tolist())).resize((IMAGE * zoom,) * 2)
        pen = ImageDraw.Draw(tile)
        for box in truth[i]:
            pen.rectangle([v * zoom for v in box.tolist()], outline="white")
        for box, score, label in zip(*found[i]):
            x1, y1, x2, y2 = (min(max(v * zoom, 0.0), IMAGE * zoom - 1.0) for v in box.tolist())
            pen.rectangle([x1, y1, max(x1, x2), max(y1, y2)], outline=colours[int(label) - 1], width=2)
            pen.text((x1 + 3, y1 + 1), "%s %.2f" % (CLASSES[int(label) - 1], float(score)), fill=colours[int(label) - 1])
        sheet.paste(tile, ((i % columns) * IMAGE * zoom, (i // columns) * IMAGE * zoom))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    return str(path)


# ------------------------------------------------------------------ speed


def cuda_median_ms(function, repeat=50, warmup=10):
    import torch

    for _ in range(warmup):
        function()
    times = []
    for _ in range(repeat):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        function()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return round(statistics.median(times), 4)


def check_speed(fcos_ops):
    """Milliseconds by CUDA events, float32, median of 50 after 10 to warm up."""
    import torch

    try:
        import torchvision.ops as tv
        missing = None
    except Exception as error:
        tv, missing = None, "torchvision is not usable: %s" % error

    def randn(*shape):
        return torch.randn(*shape, device="cuda")

    x = randn(2, 256, 100, 152)
    boxes, _, _ = make_boxes(512, 5, torch.float32)
    rois = torch.cat([(torch.arange(512) % 2).float()[:, None], boxes.clamp(min=0) * 3], dim=1).cuda()
    logits, targets = randn(20000, 80), torch.randint(0, 81, (20000,), device="cuda")
    one_hot = torch.nn.functional.one_hot(targets, 81)[:, 1:].float()
    dx, offset, mask = randn(2, 128, 64, 64), randn(2, 18, 64, 64), torch.rand(2, 9, 64, 64, device="cuda")
    weight, bias = randn(128, 128, 3, 3) * 0.02, randn(128)
    nb, ns, nl = (t.cuda() for t in make_boxes(4000, 6, torch.float32))
    px, trans = randn(2, 8 * 49, 50, 76), randn(128, 2, 7, 7)

    jobs = [  # name, sizes, ours, torchvision's, tensors with a gradient
        ("roi_align", "x [2,256,100,152], 512 rois, 7x7, sampling_ratio 2",
         lambda: fcos_ops.roi_align(x, rois, (7, 7), 0.125, 2),
         tv and (lambda: tv.roi_align(x, rois, (7, 7), 0.125, 2, aligned=False)), [x]),
        ("roi_pool", "x [2,256,100,152], 512 rois, 7x7",
         lambda: fcos_ops.roi_pool(x, rois, (7, 7), 0.125),
         tv and (lambda: tv.roi_pool(x, rois, (7, 7), 0.125)), [x]),
        ("nms", "4000 boxes, threshold 0.5",
         lambda: fcos_ops.nms(nb, ns, 0.5), tv and (lambda: tv.nms(nb, ns, 0.5)), []),
        ("ml_nms", "4000 boxes, 5 classes, threshold 0.5 (torchvision: batched_nms)",
         lambda: fcos_ops.ml_nms(nb, ns, nl, 0.5), tv and (lambda: tv.batched_nms(nb, ns, nl, 0.5)), []),
        ("sigmoid_focal_loss", "20000 x 80 logits (torchvision: on one-hot targets made before)",
         lambda: fcos_ops.sigmoid_focal_loss(logits, targets, 2.0, 0.25),
         tv and (lambda: tv.sigmoid_focal_loss(logits, one_hot, 0.25, 2.0)), [logits]),
        ("deform_conv", "x [2,128,64,64], 128 filters 3x3, padding 1",
         lambda: fcos_ops.deform_conv(dx, offset, weight, 1, 1),
         tv and (lambda: tv.deform_conv2d(dx, offset, weight, None, 1, 1)), [dx, offset, weight]),
        ("modulated_deform_conv", "x [2,128,64,64], 128 filters 3x3, padding 1, mask, bias",
         lambda: fcos_ops.modulated_deform_conv(dx, offset, mask, weight, bias, 1, 1),
         tv and (lambda: tv.deform_conv2d(dx, offset, weight, bias, 1, 1, 1, mask)), [dx, offset, mask, weight, bias]),
        ("deform_psroi_pool", "x [2,392,50,76], 128 rois, 8 channels, 7x7, 4 samples a side (torchvision has none)",
         lambda: fcos_ops.deform_roi_pooling(px, rois[:128], trans, 0.0625, 7, 8, False, 7, 7, 4, 0.1), None, [px, trans]),
    ]
    table = OrderedDict()
    for name, sizes, ours, theirs, leaves in jobs:
        row = OrderedDict(sizes=sizes, dtype="float32")
        for who, function in (("cuport", ours), ("torchvision", theirs)):
            if function is None:
                continue
            row[who + "_forward_ms"] = cuda_median_ms(function)
            if leaves:
                for leaf in leaves:
                    leaf.requires_grad_(True)
                grad = torch.ones_like(function())

                def both(function=function, grad=grad, leaves=leaves):
                    torch.autograd.grad(function(), leaves, grad)

                row[who + "_forward_backward_ms"] = cuda_median_ms(both)
                for leaf in leaves:
                    leaf.requires_grad_(False)
        table[name] = row
    figures = {"runs": 50, "warmup": 10, "statistic": "median", "operators": table}
    if missing:
        figures["torchvision"] = missing
    return figures


# ------------------------------------------------------------------ everything


def run_checks(report, args, package_dir, cuda_home):
    import torch

    sys.path.insert(0, str(package_dir))
    try:
        fcos_ops = importlib.import_module("fcos_ops")
    except Exception as error:
        report.add("import fcos_ops", "failed", "%s: %s" % (type(error).__name__, error))
        return
    if Path(fcos_ops.__file__).resolve().parent.parent != package_dir.resolve():
        report.add("import fcos_ops", "failed", "took %s, not the one in %s" % (fcos_ops.__file__, package_dir))
        return
    compiled_cuda = bool(fcos_ops.nms.__self__ and sys.modules["fcos_ops._C"].with_cuda())
    report.add("import fcos_ops", "ok", None, path=str(fcos_ops.__file__), compiled_with_cuda=compiled_cuda)

    f64, f32, f16, bf16 = torch.float64, torch.float32, torch.float16, torch.bfloat16

    # the CPU part, always
    cases, small = make_cases(fcos_ops), make_cases(fcos_ops, small=True)
    for case in cases:
        if case.on_cpu:
            for dtype in (f64, f32):
                report.run("cpu parity %s %s" % (case.name, dtype_name(dtype)), check_parity, case, dtype, "cpu")
    for case in small:
        if case.on_cpu:
            report.run("cpu gradcheck %s" % case.name, check_gradcheck, case, "cpu")
    for dtype in (f64, f32):
        report.run("cpu parity nms %s" % dtype_name(dtype), check_nms, fcos_ops, dtype, "cpu")
    report.run("cpu empty inputs", check_empty, fcos_ops, "cpu")
    report.run("cpu error messages", check_messages, fcos_ops, "cpu")
    report.run("cpu rejects float16", check_rejects, fcos_ops, f16, "cpu")
    report.run("cpu torchvision parity", check_torchvision, fcos_ops, "cpu")
    if args.cpu_steps:
        report.run("cpu detector", train_detector, fcos_ops, "cpu", args.cpu_steps, False,
                   None if torch.cuda.is_available() else args.png)

    # the GPU part
    reason = None
    if not torch.cuda.is_available():
        reason = "no GPU on this machine (torch.cuda.is_available() is False)"
    elif not compiled_cuda:
        reason = "the package was built without its CUDA sources"

    def gpu(name, check, *arguments, **keywords):
        if reason:
            report.add(name, "skipped", reason)
        else:
            report.run(name, check, *arguments, **keywords)

    for case in cases:
        for dtype in case.dtypes:
            gpu("gpu parity %s %s" % (case.name, dtype_name(dtype)), check_parity, case, dtype, "cuda")
        for dtype in case.dtypes:
            if dtype in (f16, bf16):
                gpu("gpu %s against float %s" % (dtype_name(dtype), case.name),
                    check_half_against_float, case, dtype, "cuda")
    for dtype in (f64, f32):
        gpu("gpu parity nms %s" % dtype_name(dtype), check_nms, fcos_ops, dtype, "cuda")
        gpu("gpu parity ml_nms %s" % dtype_name(dtype), check_ml_nms, fcos_ops, dtype, "cuda")
    for dtype in (f64, f32, f16):
        gpu("gpu parity sigmoid_focal_loss_sum %s" % dtype_name(dtype), check_loss_sum, fcos_ops, dtype, "cuda")
    gpu("gpu focal loss of extreme logits", check_loss_extremes, fcos_ops, "cuda")
    for case in small:
        gpu("gpu gradcheck %s" % case.name, check_gradcheck, case, "cuda")
    for case in cases:
        gpu("gpu non-default stream %s" % case.name, check_stream, case, "cuda")
    gpu("gpu empty inputs", check_empty, fcos_ops, "cuda")
    gpu("gpu error messages", check_messages, fcos_ops, "cuda")
    gpu("gpu rejects bfloat16 where not dispatched", check_rejects, fcos_ops, bf16, "cuda")
    gpu("gpu torchvision parity", check_torchvision, fcos_ops, "cuda")
    if not reason and torch.cuda.device_count() < 2:
        report.add("gpu device other than 0", "skipped", "this machine has one GPU")
    else:
        gpu("gpu device other than 0", check_other_device, fcos_ops, 1)
    for tool in ("memcheck", "racecheck"):
        name = "gpu compute-sanitizer %s" % tool
        if args.no_sanitizer and not reason:
            report.add(name, "skipped", "--no-sanitizer was given")
        else:
            gpu(name, check_sanitizer, package_dir, cuda_home, tool, args.sanitizer_timeout)
    gpu("gpu detector float", train_detector, fcos_ops, "cuda", args.steps, False, args.png)
    gpu("gpu detector torch.amp", train_detector, fcos_ops, "cuda", args.steps, True,
        args.png.with_name(args.png.stem + "_amp" + args.png.suffix))
    gpu("gpu speed", check_speed, fcos_ops)


def describe(report, cuda_home):
    import torch

    versions = report.data["versions"]
    versions.update(python=platform.python_version(), platform=platform.platform(), torch=torch.__version__,
                    torch_cuda=torch.version.cuda)
    try:
        import torchvision

        versions["torchvision"] = torchvision.__version__
    except Exception:
        versions["torchvision"] = None
    versions["nvcc"] = None
    if cuda_home:
        _, output = run_command([os.path.join(cuda_home, "bin", "nvcc"), "--version"])
        found = re.search(r"release ([\d.]+)", output)
        versions["nvcc"] = found.group(1) if found else None
    if torch.cuda.is_available():
        p = torch.cuda.get_device_properties(0)
        report.data["device"] = OrderedDict(
            name=p.name, capability="%d.%d" % (p.major, p.minor), memory_bytes=p.total_memory,
            multiprocessors=p.multi_processor_count, count=torch.cuda.device_count())
        smi = shutil.which("nvidia-smi")
        if smi:
            code, output = run_command([smi, "--query-gpu=driver_version", "--format=csv,noheader"])
            if code == 0 and output.strip():
                versions["driver"] = output.split()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                     epilog="Exit code: 0 nothing failed, 1 something did.")
    parser.add_argument("--legacy", type=Path, default=HERE / "legacy", help="the extension to migrate")
    parser.add_argument("--build-dir", type=Path, help="where to migrate and build (default: a new temporary folder)")
    parser.add_argument("--package-dir", type=Path, help="a package that is migrated and built already: only check it")
    parser.add_argument("--report", type=Path, default=Path("fcos_ops_report.json"), help="the JSON report")
    parser.add_argument("--png", type=Path, help="the picture of boxes (default: beside the report)")
    parser.add_argument("--steps", type=int, default=400, help="training steps on the GPU, each of float and amp")
    parser.add_argument("--cpu-steps", type=int, default=60, help="training steps on the CPU; 0 leaves it out")
    parser.add_argument("--jobs", type=int, default=max(1, min(8, (os.cpu_count() or 1) // 2)), help="compilers at a time")
    parser.add_argument("--arch", help="GPU architectures, as in TORCH_CUDA_ARCH_LIST (default: those of this machine)")
    parser.add_argument("--no-cuda-build", action="store_true", help="build only the CPU sources")
    parser.add_argument("--sanitizer-timeout", type=int, default=300, help="seconds for each of its two runs")
    parser.add_argument("--no-sanitizer", action="store_true", help="leave out compute-sanitizer")
    parser.add_argument("--sanitizer-payload", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.report = args.report.resolve()
    args.png = (args.png or args.report.with_suffix(".png")).resolve()

    try:
        import torch  # noqa: F401
    except ImportError:
        print("gpu_check: torch is not installed for %s" % sys.executable, file=sys.stderr)
        return 1
    random.seed(0)

    if args.sanitizer_payload:
        sys.path.insert(0, str(args.package_dir.resolve()))
        sanitizer_payload(importlib.import_module("fcos_ops"))
        return 0

    report = Report()
    cuda_home = find_cuda_home()
    describe(report, cuda_home)
    try:
        if args.package_dir:
            package_dir = args.package_dir.resolve()
            report.add("migrate", "skipped", "--package-dir was given: %s" % package_dir)
        else:
            build_dir = (args.build_dir or Path(tempfile.mkdtemp(prefix="fcos_ops_"))).resolve()
            package_dir = None
            print("build folder: %s" % build_dir)
            if report.run("migrate", migrate, args.legacy.resolve(), build_dir / "ported") is not None:
                setup = find_setup(build_dir / "ported")
                home = None if args.no_cuda_build else cuda_home
                if home is None:
                    report.data["cuda_sources"] = ("left out: --no-cuda-build" if args.no_cuda_build
                                                   else "left out: no CUDA toolkit found")
                if report.run("build", build, setup.parent, home, args.jobs, args.arch) is not None:
                    package_dir = setup.parent
        if package_dir:
            report.run("library needs", library_needs, package_dir)
            run_checks(report, args, package_dir, cuda_home)
    finally:
        report.write(args.report)
    print("\n%d ok, %d failed, %d skipped; report: %s" % (
        report.count("ok"), report.count("failed"), report.count("skipped"), args.report))
    if report.data["not_checked"]:
        reasons = OrderedDict()
        for entry in report.data["checks"]:
            if entry["status"] == "skipped":
                reasons.setdefault(entry["reason"], []).append(entry["name"])
        print("not checked here:")
        for reason, names in reasons.items():
            print("  %s:\n    %s" % (reason, ", ".join(names)))
    return 1 if report.count("failed") else 0


if __name__ == "__main__":
    sys.exit(main())
