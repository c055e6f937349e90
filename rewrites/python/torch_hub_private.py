"""Take ``download_url_to_file`` and ``load_state_dict_from_url`` from where they are public.

``torch.hub._download_url_to_file`` is gone since torch 1.12 (``download_url_to_file`` has the same arguments since 1.4). What
``torch.utils.model_zoo`` had of its own before torch 1.1 lives in ``torch.hub``; its ``load_url`` is still there and stays.
``torchvision.models.utils`` left with torchvision 0.11, the one for torch 1.10. An import in ``try``/``except ImportError`` changes only
where the name is gone from every arm.

Before:
    from torch.hub import HASH_REGEX, _download_url_to_file
    _download_url_to_file(url, path, None, True)
After:
    from torch.hub import HASH_REGEX, download_url_to_file
    download_url_to_file(url, path, None, True)
"""

from migrator.rewrite import Rewrite
from rewrites.python._moved import Moved, moved

ID = "torch-hub-private"
_TABLE = {
    "torch.hub._download_url_to_file": Moved("torch.hub.download_url_to_file", since="1.4"),
    "torch.utils.model_zoo._download_url_to_file": Moved("torch.hub.download_url_to_file", since="1.4"),
    "torch.utils.model_zoo.HASH_REGEX": Moved("torch.hub.HASH_REGEX", since="1.1"),
    "torch.utils.model_zoo.urlparse": Moved("urllib.parse.urlparse", by_name=True),
    "torch.utils.model_zoo.urlopen": Moved("urllib.request.urlopen", by_name=True),
    "torchvision.models.utils.load_state_dict_from_url": Moved("torch.hub.load_state_dict_from_url", since="1.1"),
}
_WORDS = frozenset({"_download_url_to_file", "model_zoo", "load_state_dict_from_url"})

rewrite = Rewrite(
    ID, __doc__, fix=moved(ID, _TABLE, gone="torchvision.models.utils"), triggers=_WORDS, language="python", removed_in="1.10"
)
