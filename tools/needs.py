"""What a chapter needs that a machine may lack: a tag of one of its cells says so, and its numbers are then not compared there.

A chapter whose numbers are those of Fashion-MNIST tags the cell that reads the images ``needs-fashion-mnist``. Without the files it still runs,
with the digits that `theory.data.available_images` puts in their place, and the book is built with the notice in it; but nbval
(`book/conftest.py`), `students.py` and `wrong_digits.py` skip it and say why, and `chapters.py` does not store its outputs. So does a chapter
that trains networks with its tag ``needs-pytorch``: without PyTorch its cell says so, and the stored runs are shown.
"""

import importlib.util
import os


def _lacks_fashion_mnist():
    from theory.data import images  # where a chapter asks for it only: pytest reads this file first

    # a folder that is named must hold the files: that is an error of the chapter's, not a reason to skip it
    if os.environ.get("FASHION_MNIST_DIR") or images.DEBIAN.is_dir():
        return ""
    return "Fashion-MNIST is not on this machine (Debian's package dataset-fashion-mnist, or FASHION_MNIST_DIR)"


def _lacks_pytorch():
    return "" if importlib.util.find_spec("torch") else "PyTorch is not installed (`make torch`)"


#: tag → why the chapter cannot have its numbers here, or ""
NEEDS = {"needs-fashion-mnist": _lacks_fashion_mnist, "needs-pytorch": _lacks_pytorch}


def missing(notebook):
    """Why the numbers of a notebook cannot be had on this machine, or ""."""
    tags = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])}
    return "; ".join(filter(None, (lacks() for tag, lacks in NEEDS.items() if tag in tags)))
