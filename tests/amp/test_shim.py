"""The mixed-precision module that cuport writes into projects. Runs on any torch from 1.6 on: ``pytest tests/amp/test_shim.py``."""

import copy
import importlib.util
import io
import itertools
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

SHIM = Path(__file__).resolve().parents[2] / "migrator" / "data" / "amp_compat.py"
RELEASE = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
CUDA = torch.cuda.is_available()
cpu_only = pytest.mark.skipif(CUDA, reason="this machine has a GPU")
gpu = pytest.mark.skipif(not CUDA, reason="needs a CUDA GPU")
has_bfloat16 = pytest.mark.skipif(RELEASE < (1, 10), reason="no autocast on the CPU before torch 1.10")
has_cpu_scaler = pytest.mark.skipif(RELEASE < (2, 3), reason="no scaler for the CPU before torch 2.3")


@pytest.fixture(scope="module")
def amp():
    spec = importlib.util.spec_from_file_location("amp_compat", str(SHIM))
    module = importlib.util.module_from_spec(spec)
    sys.modules["amp_compat"] = module  # so that pickle finds it
    spec.loader.exec_module(module)
    yield module
    del sys.modules["amp_compat"]


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def product():
    """What comes out of a product of float32 matrices here: its dtype says whether autocast is on."""
    return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


# --- autocast


@cpu_only
@pytest.mark.parametrize(
    "arguments, options",
    [
        ((), {}),
        ((True,), {}),
        ((False,), {}),
        ((True, torch.float16), {}),
        ((), {"enabled": True}),
        ((), {"dtype": torch.float16, "cache_enabled": False}),
        (("cuda",), {}),
        (("cuda", torch.float16), {}),
        (("cuda",), {"enabled": False, "dtype": torch.bfloat16}),
        (("cpu",), {}),
        ((), {"device_type": "cuda", "enabled": True}),
        ((torch.device("cuda", 0),), {}),
    ],
)
def test_without_a_gpu_autocast_is_off(amp, arguments, options):
    with amp.autocast(*arguments, **options):
        assert product() is torch.float32

    @amp.autocast(*arguments, **options)
    def decorated(x):
        "Says so."
        return x, product()

    assert decorated(3) == (3, torch.float32)
    assert decorated.__doc__ == "Says so."


@cpu_only
@has_bfloat16
@pytest.mark.parametrize(
    "arguments, options",
    [
        ((), {"dtype": torch.bfloat16}),
        ((True, torch.bfloat16), {}),
        (("cuda", torch.bfloat16), {}),
        (("cpu",), {"dtype": torch.bfloat16, "cache_enabled": False}),
        ((), {"device_type": "cuda", "dtype": torch.bfloat16, "enabled": True}),
    ],
)
def test_bfloat16_is_given_where_it_is_asked_for(amp, arguments, options):
    context = amp.autocast(*arguments, **options)
    with context:
        assert product() is torch.bfloat16
        with amp.autocast(enabled=False):
            assert product() is torch.float32
        assert product() is torch.bfloat16
    assert amp.autocast(*arguments, **options)(product)() is torch.bfloat16
    assert product() is torch.float32


def test_mistakes_are_errors_as_they_are_in_torch(amp):
    for call in (lambda: amp.autocast(enable=True), lambda: amp.autocast("cuda", enable=True), lambda: amp.GradScaler(scale=2.0)):
        with pytest.raises(TypeError):
            call()


# --- GradScaler

STATE = {"scale": 1024.0, "growth_factor": 4.0, "backoff_factor": 0.25, "growth_interval": 7, "_growth_tracker": 3}


def make_scalers(amp, **options):
    yield amp.GradScaler(**options)
    yield amp.GradScaler("cuda", **options)
    yield amp.GradScaler(device="cuda", **options)
    yield amp.GradScaler(device=torch.device("cuda"), **options)


@cpu_only
def test_without_a_gpu_the_scaler_is_off_and_complete(amp):
    for scaler in make_scalers(amp):
        assert scaler.is_enabled() is False
        assert scaler.get_scale() == 1.0
        parameter = torch.nn.Parameter(torch.ones(1))
        optimizer = torch.optim.SGD([parameter], lr=0.5)
        loss = (3 * parameter).sum()
        assert scaler.scale(loss) is loss
        assert scaler.scale([loss])[0] is loss
        loss.backward()
        assert scaler.unscale_(optimizer) is None
        assert parameter.grad.item() == 3.0
        assert scaler.step(optimizer, closure=lambda: torch.tensor(5.0)).item() == 5.0
        assert parameter.item() == -0.5
        assert scaler.update() is None and scaler.update(2.0) is None
        assert (scaler.get_growth_factor(), scaler.get_backoff_factor(), scaler.get_growth_interval()) == (2.0, 0.5, 2000)
        scaler.set_growth_interval(9)
        assert scaler.get_growth_interval() == 9


def test_old_and_new_order_of_the_arguments_agree(amp):
    expected = {"scale": 8.0, "growth_factor": 3.0, "backoff_factor": 0.5, "growth_interval": 11, "_growth_tracker": 0}
    named = {"growth_interval": 11}
    for scaler in (amp.GradScaler(8.0, 3.0, 0.5, 11), amp.GradScaler("cuda", 8.0, 3.0, **named), amp.GradScaler(8, 3.0, **named)):
        assert scaler.state_dict() == expected
    off = (8.0, 3.0, 0.5, 11, False)
    for scaler in (amp.GradScaler(*off), amp.GradScaler("cuda", *off), amp.GradScaler(enabled=False)):
        assert not scaler.is_enabled()
        assert scaler.state_dict() == {}  # as torch says of a scaler that was turned off
        scaler.load_state_dict(STATE)
        assert scaler.state_dict() == {}


def test_state_comes_back_equal(amp):
    """Through any two scalers that are not turned off, through a file and through a copy."""
    kinds = [lambda: amp.GradScaler(), lambda: amp.GradScaler("cuda", init_scale=2.0)]
    if RELEASE >= (2, 3):
        kinds += [lambda: amp.GradScaler("cpu"), lambda: torch.amp.GradScaler("cpu")]
    for first, second in itertools.product(kinds, repeat=2):
        one, two = first(), second()
        new = one.state_dict()
        assert sorted(new) == sorted(STATE)
        two.load_state_dict(new)
        assert two.state_dict() == new
        two.load_state_dict(STATE)
        assert two.state_dict() == STATE
        one.load_state_dict(two.state_dict())
        assert one.state_dict() == STATE
        assert two.state_dict() == STATE
    for make in kinds[:-1]:
        scaler = make()
        scaler.load_state_dict(STATE)
        assert pickle.loads(pickle.dumps(scaler)).state_dict() == STATE
        assert copy.deepcopy(scaler).state_dict() == STATE
        stream = io.BytesIO()
        torch.save({"scaler": scaler.state_dict()}, stream)
        stream.seek(0)
        fresh = make()
        fresh.load_state_dict(torch.load(stream)["scaler"])
        assert fresh.state_dict() == STATE


@cpu_only
def test_nothing_of_a_state_that_was_handed_in_or_out_is_shared(amp):
    scaler, state = amp.GradScaler(), dict(STATE)
    scaler.load_state_dict(state)
    state["scale"] = 0.0
    scaler.state_dict()["scale"] = 0.0
    assert scaler.state_dict() == STATE
    scaler.load_state_dict({})  # of a run that had the scaler turned off
    assert scaler.state_dict() == STATE


# --- training


def train(autocast, scaler, device="cpu", steps=20):
    """Loss of every step of a small network."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    x, y = torch.randn(32, 8).to(device), torch.randn(32, 1).to(device)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        with autocast():
            loss = torch.nn.functional.mse_loss(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    return losses


@cpu_only
def test_loss_curve_is_that_of_torchs_own(amp):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that there is no CUDA, and that the name is old
        expected = train(torch.cuda.amp.autocast, torch.cuda.amp.GradScaler())
    assert expected[-1] < expected[0] / 2
    assert train(amp.autocast, amp.GradScaler()) == expected


@cpu_only
@has_bfloat16
def test_loss_curve_in_bfloat16_is_that_of_torchs_own(amp):
    expected = train(lambda: torch.autocast("cpu", dtype=torch.bfloat16), amp.GradScaler())
    assert train(lambda: amp.autocast(dtype=torch.bfloat16), amp.GradScaler()) == expected
    assert expected != train(amp.autocast, amp.GradScaler())


@has_cpu_scaler
def test_loss_curve_with_a_scaler_for_the_cpu_is_that_of_torchs_own(amp):
    mine, theirs = amp.GradScaler("cpu", growth_interval=5), torch.amp.GradScaler("cpu", growth_interval=5)
    assert train(amp.autocast, mine) == train(amp.autocast, theirs)
    assert mine.state_dict() == theirs.state_dict()
    assert mine.is_enabled() and mine.get_scale() == 2.0**20


@gpu
@pytest.mark.gpu
def test_loss_curve_in_half_on_a_gpu_is_that_of_torchs_own(amp):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torch.cuda.amp.GradScaler(growth_interval=5)
        expected = train(torch.cuda.amp.autocast, theirs, "cuda")
    mine = amp.GradScaler(growth_interval=5)
    assert train(amp.autocast, mine, "cuda") == expected
    assert mine.is_enabled() and mine.state_dict() == theirs.state_dict()


# --- autograd functions


def make_function(amp, **options):
    forward_decorator = amp.custom_fwd(**options) if options else amp.custom_fwd

    class Product(torch.autograd.Function):
        @staticmethod
        @forward_decorator
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            seen.append(("forward", x.dtype, product()))
            return x @ y

        @staticmethod
        @amp.custom_bwd
        def backward(ctx, grad):
            x, y = ctx.saved_tensors
            seen.append(("backward", x.dtype, product()))
            return grad @ y.t().to(grad.dtype), x.t().to(grad.dtype) @ grad

    seen = []
    return Product, seen


def run(function):
    x, y = torch.ones(2, 2, requires_grad=True), torch.ones(2, 2, requires_grad=True)
    function.apply(x, y).float().sum().backward()
    return x.grad.dtype


def test_autograd_functions_run_outside_autocast_as_they_are(amp):
    for options in ({}, {"cast_inputs": torch.float32}, {"device_type": "cuda"}):
        function, seen = make_function(amp, **options)
        assert run(function) is torch.float32
        assert seen == [("forward", torch.float32, torch.float32), ("backward", torch.float32, torch.float32)]


@cpu_only
@pytest.mark.skipif(RELEASE < (2, 4), reason="no custom_fwd for the CPU before torch 2.4")
def test_backward_sees_the_autocast_of_forward(amp):
    function, seen = make_function(amp)
    x, y = torch.ones(2, 2, requires_grad=True), torch.ones(2, 2, requires_grad=True)
    with amp.autocast(dtype=torch.bfloat16):
        out = function.apply(x, y)
    out.float().sum().backward()
    assert seen == [("forward", torch.float32, torch.bfloat16), ("backward", torch.float32, torch.bfloat16)]

    function, seen = make_function(amp, cast_inputs=torch.float32)
    with amp.autocast(dtype=torch.bfloat16):
        run(function)
    assert seen == [("forward", torch.float32, torch.float32), ("backward", torch.float32, torch.float32)]


# --- a torch that has nothing

BARE = """
import sys, torch, warnings
warnings.simplefilter("error")
sys.path.insert(0, {folder!r})
homes = ((torch, "amp"), (torch, "autocast"), (torch.cuda, "amp"))
taken = [(home, name, vars(home).pop(name)) for home, name in homes if name in vars(home)]
import amp_compat
from amp_compat import GradScaler, autocast, custom_bwd, custom_fwd
for home, name, value in taken:  # torch itself needs them
    setattr(home, name, value)
assert amp_compat.AUTOCAST_API is None and amp_compat.SCALER_API is None
state = {state!r}
scaler = GradScaler("cuda", 4.0)
assert scaler.state_dict() == {{"scale": 4.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2000, "_growth_tracker": 0}}
scaler.load_state_dict(state)
assert scaler.state_dict() == state and not scaler.is_enabled() and scaler.get_scale() == 1.0
off = GradScaler(enabled=False)
off.load_state_dict(state)
assert off.state_dict() == {{}} and off.get_growth_factor() == 2.0
w = torch.nn.Parameter(torch.ones(1))
optimizer = torch.optim.SGD([w], lr=0.5)
with autocast():
    loss = (3 * w).sum()
scaler.scale(loss).backward()
scaler.unscale_(optimizer)
scaler.step(optimizer)
scaler.update()
assert w.item() == -0.5
assert autocast(enabled=False)(lambda x: x + 1)(1) == 2
assert (amp_compat._amp, amp_compat._cuda_amp) == (None, None)
assert custom_fwd(cast_inputs=torch.float32)(custom_bwd(lambda x: x + 1))(1) == 2
"""


def test_where_torch_has_no_mixed_precision_at_all():
    code = BARE.format(folder=str(SHIM.parent), state=STATE)
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, done.stdout.decode()
