"""Layers whose weights are made of others, made plain: files are read as what such layers compute with."""

from typing import Any

from torch import nn
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.parametrizations import _SpectralNorm, _WeightNorm
from torch.nn.utils.spectral_norm import SpectralNorm, SpectralNormLoadStateDictPreHook
from torch.nn.utils.weight_norm import WeightNorm

_KNOWN = (_SpectralNorm, _WeightNorm)


def unfolded(network: nn.Module) -> nn.Module:
    """Return the network with plain weights in place of masked, normalised and spectrally normalised ones.

    Its tensors are then those of a file whose encodings are decoded. Other parametrisations stay.
    """
    for layer in list(network.modules()):
        for hook in list(layer._forward_pre_hooks.values()):
            _remove(layer, hook)
        if parametrize.is_parametrized(layer):
            for name, steps in list(layer.parametrizations.items()):  # type: ignore[union-attr, operator]
                if all(isinstance(step, _KNOWN) for step in steps):
                    parametrize.remove_parametrizations(layer, name)
    return network


def _remove(layer: nn.Module, hook: object) -> None:
    if isinstance(hook, prune.BasePruningMethod):
        prune.remove(layer, hook._tensor_name)
    elif isinstance(hook, WeightNorm):
        remove_weight_norm(layer, hook.name)
    elif isinstance(hook, SpectralNorm):
        remove_spectral_norm(layer, hook.name)
        loading: dict[int, Any] = layer._load_state_dict_pre_hooks  # torch overlooks its own there, since it wraps them
        for key in [key for key, own in loading.items() if isinstance(own.hook, SpectralNormLoadStateDictPreHook)]:
            del loading[key]
