"""Take from SciPy what has another home there, and find what left it.

``scipy.misc`` has neither its combinatorics nor its images (``imread``, ``imresize``, ``toimage``) since SciPy 1.3; the windows of
``scipy.signal`` are in ``scipy.signal.windows`` only, ``simps`` and its sisters have longer names, and ``Rotation.from_dcm`` is
``from_matrix``. (Looked up in SciPy 1.17.) Images go through Pillow or imageio, which scale and round otherwise: they are reported.

Before:
    import scipy.misc
    from scipy.signal import gaussian
    total = scipy.misc.logsumexp(x)
    window = gaussian(11, 1.5)
After:
    import scipy.special
    import scipy.misc
    from scipy.signal.windows import gaussian
    total = scipy.special.logsumexp(x)
    window = gaussian(11, 1.5)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved
from rewrites.python._removed import Removed, removed

ID = "scipy-moved"
_WINDOWS = ("gaussian", "hann", "hamming", "blackman", "boxcar", "triang", "bartlett", "kaiser", "tukey", "parzen", "general_gaussian")
_TABLE = {
    **{f"scipy.misc.{name}": Moved(f"scipy.special.{name}", by_name=True) for name in ("factorial", "comb", "logsumexp")},
    **{f"scipy.signal.{name}": Moved(f"scipy.signal.windows.{name}") for name in _WINDOWS},
    "scipy.spatial.transform.Rotation.from_dcm": Moved("scipy.spatial.transform.Rotation.from_matrix"),
    "scipy.integrate.simps": Moved("scipy.integrate.simpson"),
    "scipy.integrate.trapz": Moved("scipy.integrate.trapezoid"),
    "scipy.integrate.cumtrapz": Moved("scipy.integrate.cumulative_trapezoid"),
}
_IMAGES = {
    "imread": "imageio.v2.imread(path), or np.asarray(PIL.Image.open(path))",
    "imsave": "imageio.v2.imwrite(path, x); imsave scaled what is not uint8 to 0..255",
    "imresize": "np.asarray(PIL.Image.fromarray(x).resize((width, height), PIL.Image.BILINEAR)); what is not uint8 was scaled to 0..255",
    "imrotate": "np.asarray(PIL.Image.fromarray(x).rotate(angle, PIL.Image.BILINEAR))",
    "toimage": "PIL.Image.fromarray(x); toimage scaled what is not uint8 to 0..255",
    "fromimage": "np.asarray(image)",
    "imshow": "matplotlib.pyplot.imshow(x)",
    "bytescale": "skimage.util.img_as_ubyte, or scale by hand",
}
_GONE = {f"scipy.misc.{name}": Removed("1.1", f"scipy.misc.{name} is gone since SciPy 1.3", advice) for name, advice in _IMAGES.items()} | {
    "scipy.ndimage.imread": Removed("1.1", "scipy.ndimage.imread is gone since SciPy 1.3", _IMAGES["imread"]),
    "scipy.interpolate.interp2d": Removed(
        "2.4", "scipy.interpolate.interp2d raises since SciPy 1.14", "scipy.interpolate.RegularGridInterpolator, or RectBivariateSpline"
    ),
}
_follow, _report = moved(ID, _TABLE), removed(ID, _GONE)


def fix(ctx):
    yield from _follow(ctx)
    yield from _report(ctx)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"scipy"}), language="python", removed_in="1.1")
