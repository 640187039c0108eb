"""Where the course keeps what it can make again: compiled kernels, drawn frames, WebAssembly.

Every folder is named after the content of the package (but for `book` and `exercises`, which make
none of these), so that nothing made by other code is ever read back.
"""

import functools
import hashlib
import os
import pathlib

import platformdirs


@functools.cache
def content_hash():
    """Return 16 hexadecimal digits that change with any source file that makes what is kept."""
    package = pathlib.Path(__file__).parent
    apart = {package / "book", package / "exercises"}
    content = hashlib.sha256()
    for source in sorted(package.rglob("*")):
        if source.suffix in {".py", ".js", ".css", ".mplstyle"} and apart.isdisjoint(
            source.parents
        ):
            content.update(source.relative_to(package).as_posix().encode())
            content.update(source.read_bytes())
    return content.hexdigest()[:16]


def cache_folder(kind):
    """Return the folder for one kind of thing; it may not exist yet.

    Parameters
    ----------
    kind : str
        For example ``"numba"`` or ``"frames"``.

    Returns
    -------
    pathlib.Path
        Below ``BALCOURSE_CACHE`` where that is set, else below the user's cache folder.

    Examples
    --------
    >>> cache_folder("frames").parent.name
    'frames'

    """
    root = os.environ.get("BALCOURSE_CACHE") or platformdirs.user_cache_dir("balcourse")
    return pathlib.Path(root) / kind / content_hash()
