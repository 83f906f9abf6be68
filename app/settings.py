"""Settings: what the program remembers of a person, in one file that never stops it from starting."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

import platformdirs

from ..views.theme import Choice

RECENT = 8
"""How many workspaces are remembered."""
DEVICES = {"": "Automatic", "cpu": "Processor", "cuda": "NVIDIA or AMD card", "mps": "Apple graphics"}
"""What a person can have the workers compute on, and its name."""


@dataclass
class Settings:
    """Every field has a default, so that a damaged one is dropped and not the file.

    Attributes
    ----------
    theme : {"system", "light", "dark"}
        Colours.
    scale : float
        Size of the text, 1 for 13 px; from 0.5 to 3.
    recent : list of str
        Workspaces, the latest first.
    device : {"", "cpu", "cuda", "mps"}
        What workers compute on; empty for the fastest that is there.
    """

    theme: Choice = "system"
    scale: float = 1.0
    recent: list[str] = field(default_factory=list)
    device: str = ""

    def opened(self, workspace: Path) -> None:
        """Put a workspace first among the recent ones."""
        name = str(workspace)
        self.recent = [name, *(other for other in self.recent if other != name)][:RECENT]

    def recent_workspaces(self) -> list[Path]:
        """Return the recent workspaces that are there, the latest first."""
        return [Path(name) for name in self.recent if (Path(name) / "workspace.db").is_file()]


def settings_file() -> Path:
    """Return where settings are kept."""
    return Path(platformdirs.user_config_dir("graftwork")) / "settings.json"


def load_settings() -> Settings:
    """Return the settings; what is damaged has its default."""
    try:
        content = json.loads(settings_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Settings()
    return Settings(**_good_part(content if isinstance(content, dict) else {}))


def save_settings(settings: Settings) -> None:
    """Keep the settings; without a place to keep them, the program goes on."""
    file = settings_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.writing")
        draft.write_text(json.dumps(asdict(settings), indent=2), encoding="utf-8")
        draft.replace(file)
    except OSError:
        return


# Checked by hand: a library for it would take longer to load than all the views.
_FITS: Mapping[str, Callable[[Any], bool]] = {
    "theme": lambda value: value in get_args(Choice),
    "scale": lambda value: isinstance(value, int | float) and 0.5 <= value <= 3,
    "device": lambda value: value in DEVICES,
    "recent": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
}


def _good_part(content: dict[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name, fits in _FITS.items() if name in content and fits(content[name])}
