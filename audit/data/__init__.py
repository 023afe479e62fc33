"""Where the scenes of an audit come from."""

from audit.data.builtin import builtin_scenes
from audit.data.dataset import Dataset, Sample
from audit.data.folder import open_folder
from audit.data.open import open_dataset

__all__ = ["Dataset", "Sample", "builtin_scenes", "open_dataset", "open_folder"]
