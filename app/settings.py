"""Settings: what the program remembers of a person, in one file that never stops it from starting."""

from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, ValidationError

_RECENT = 8


class Settings(BaseModel):
    """Version 1; every field has a default, so that a damaged one is dropped and not the file."""

    model_config = ConfigDict(validate_assignment=True, extra="ignore")

    version: int = 1
    theme: Literal["system", "light", "dark"] = "system"
    scale: float = 1.0
    recent: list[str] = []

    def opened(self, workspace: Path) -> None:
        """Put a workspace first among the recent ones."""
        name = str(workspace)
        self.recent = [name, *(other for other in self.recent if other != name)][:_RECENT]


def settings_file() -> Path:
    """Return where settings are kept."""
    return Path(platformdirs.user_config_dir("graftwork")) / "settings.json"


def load_settings() -> Settings:
    """Return the settings; what is damaged has its default."""
    import json

    try:
        content = json.loads(settings_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Settings()
    return _good_part(content if isinstance(content, dict) else {})


def save_settings(settings: Settings) -> None:
    """Keep the settings; without a place to keep them, the program goes on."""
    file = settings_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.writing")
        draft.write_text(settings.model_dump_json(indent=2), encoding="utf-8")
        draft.replace(file)
    except OSError:
        return


def _good_part(content: dict[str, Any]) -> Settings:
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        bad = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
        return Settings.model_validate({key: value for key, value in content.items() if key not in bad})
