"""What a trial runs on, in words."""

import torch

from ..wording import counted


def device_name(device: torch.device) -> str:
    """Return the device as a person knows it: a card by its name, a processor with the threads that are used."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    count = torch.get_num_threads()
    return f"{device.type.upper()}, {counted(count, 'thread')}"
