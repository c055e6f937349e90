"""Find what the packages beside torch have no more.

What training scripts of those years take from scikit-image and matplotlib, and has no successor with the same arguments. (Looked up in
scikit-image 0.26 and matplotlib 3.11.)

Before:
    from skimage.measure import compare_ssim
After:
    from skimage.measure import compare_ssim
"""

from migrator.rewrite import Rewrite
from rewrites.python._removed import Removed, removed

ID = "removed-elsewhere"
_METRICS = {
    "compare_ssim": "skimage.metrics.structural_similarity(x, y, data_range=...); multichannel=True is channel_axis=-1",
    "compare_psnr": "skimage.metrics.peak_signal_noise_ratio(true, test, data_range=...)",
    "compare_mse": "skimage.metrics.mean_squared_error(x, y)",
    "compare_nrmse": "skimage.metrics.normalized_root_mse(true, test)",
}
_CMAP = "matplotlib.colormaps[name], or matplotlib.pyplot.get_cmap(name)"
_TABLE = {
    f"skimage.{module}.{name}": Removed("1.11", f"skimage.{module}.{name} is gone since scikit-image 0.18", advice)
    for module in ("measure", "measure.simple_metrics")
    for name, advice in _METRICS.items()
} | {f"{home}.get_cmap": Removed("2.5", f"{home}.get_cmap is gone", _CMAP) for home in ("matplotlib.cm", "matplotlib.pyplot.cm")}

rewrite = Rewrite(ID, __doc__, fix=removed(ID, _TABLE), triggers=frozenset({*_METRICS, "get_cmap"}), language="python", removed_in="1.11")
