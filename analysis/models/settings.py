"""What families declare of the settings that configurations state: which they read, and at which values others hold.

What a configuration says is used or refused, and never dropped: a setting that a family does not declare hands the
network over to the library that knows it. Configurations are those of transformers and timm; of other files, such as
a training's notes, only settings that a family declares are looked at.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .told import configurations, option, told

Check = Callable[[Any], bool]

_LARGEST = 1e300  # of a number that a configuration may tell
_TIMM = re.compile(r"[a-z][a-z0-9_]*(\.\w+)?")  # how timm calls networks
_SIGNS = ("architectures", "transformers_version", "pretrained_cfg", "model_args")  # of a library's configuration
_MARKS = ("model_type", "architectures", "architecture")  # name a network
# What no output hangs on: how a network is trained, how it is asked and named, how its weights are kept.
_IDLE = {
    *("transformers_version", "torch_dtype", "dtype", "use_bfloat16", "torchscript", "quantization_config"),
    *("return_dict", "output_hidden_states", "output_attentions", "use_cache", "chunk_size_feed_forward"),
    *("initializer_range", "initializer_factor", "attention_dropout", "hidden_dropout", "hidden_dropout_prob"),
    *("attention_probs_dropout_prob", "classifier_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop", "layerdrop"),
    *("gradient_checkpointing", "pretraining_tp", "tf_legacy_loss", "problem_type", "finetuning_task", "prefix"),
    *("id2label", "label2id", "num_labels", "task_specific_params", "tokenizer_class", "name_or_path"),
    *("bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id"),
    *("cross_attention_hidden_size", "tie_encoder_decoder", "output_past", "predict_special_tokens"),
    *("max_length", "min_length", "max_new_tokens", "do_sample", "early_stopping", "num_beams", "num_beam_groups"),
    *("diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty"),
    *("no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences"),
    *("output_scores", "return_dict_in_generate", "remove_invalid_values", "suppress_tokens"),
    *("begin_suppress_tokens", "forced_bos_token_id", "forced_eos_token_id", "exponential_decay_length_penalty"),
    *("transformers.js_config", "unsloth_version", "unsloth_fixed", "attn_implementation", "sentence_transformers"),
    *("sbert_ce_default_activation_function",),
    # of timm
    *("pretrained_cfg", "model_args", "num_classes", "num_features", "label_names", "label_descriptions", "labels"),
    *("img_size", "in_chans", "strict_img_size", "weight_init", "fix_init", "zero_init_last", "drop_rate"),
    *("drop_path_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate", "attn_drop_rate", "drop_block_rate"),
    *("url", "hf_hub_id", "source", "tag", "license", "custom_load", "input_size", "min_input_size", "pool_size"),
    *("fixed_input_size", "first_conv", "classifier", "crop_pct", "crop_mode", "interpolation", "mean", "std"),
    *("test_input_size", "test_pool_size", "test_crop_pct", "origin_url", "paper_name", "paper_ids", "notes"),
}
_ABSENT = {"add_cross_attention": (False,), "is_encoder_decoder": (False,)}


def is_positive(value: Any) -> bool:
    """Tell a number above zero."""
    return type(value) in (int, float) and 0 < value < _LARGEST


def is_count(value: Any) -> bool:
    """Tell a whole number above zero."""
    return type(value) is int and value > 0


def is_token(value: Any) -> bool:
    """Tell the number of a token."""
    return type(value) is int and value >= 0


def is_list(value: Any) -> bool:
    """Tell a list of whole numbers from 0 on."""
    return isinstance(value, list) and all(map(is_token, value))


def is_flag(value: Any) -> bool:
    """Tell true or false."""
    return isinstance(value, bool)


@dataclass(frozen=True)
class Settings:
    """What a family declares.

    Attributes
    ----------
    reads : mapping of str to callable
        Settings that it heeds, each with what tells a value that it can heed.
    holds : mapping of str to tuple
        Settings that it is right for at these values alone.
    shown : frozenset of str
        Settings that the shapes of tensors show, which decide.
    types, classes : tuple of str
        The networks of transformers that it is: their ``model_type``, and the names of their classes.
    usual : mapping of str to mapping
        What transformers takes for a setting that a configuration leaves out, by ``model_type``.
    networks : str
        The networks of timm that it is: a regular expression of their whole names.
    """

    reads: Mapping[str, Check] = field(default_factory=dict)
    holds: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    shown: frozenset[str] = frozenset()
    types: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    usual: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    networks: str = ""

    def read(self, metadata: Mapping[str, Any], *names: str, usual: Any) -> Any:
        """Return what is told of one of the settings that are read, where it can be heeded; else what is usual."""
        told = ((name, option(metadata, name)) for name in names)
        return next((value for name, value in told if value is not None and self.reads[name](value)), usual)

    def completed(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a file says, and after all else what its configuration leaves to transformers."""
        return {**self.usual.get(str(told(metadata, "model_type")), {}), **metadata}

    def unheeded(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that a file states and this family does not heed, with their values.

        Of another network, that is its name alone: what else is stated, its library knows.
        """
        marks = {mark: told(metadata, mark) for mark in _MARKS}
        stated = {name: told(metadata, name) for name in (*self.reads, *self.holds)}
        for config in filter(self._is_of_library, configurations(metadata)):
            stated |= {**config, **_options(config)}
        return self._against(marks) or self._against(stated)

    def _against(self, stated: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in stated.items() if value is not None and not self._heeds(name, value)}

    def _is_of_library(self, config: Mapping[str, Any]) -> bool:
        """Return whether a configuration is a library's: in another one, nobody knows what its words mean."""
        by_name = {"model_type": self.types, "architecture": self.networks}
        return any(mark in config for mark in (*_SIGNS, *(name for name, own in by_name.items() if own)))

    def _heeds(self, name: str, value: Any) -> bool:
        if name in self.reads:
            return self.reads[name](value)
        if name in self.holds or name in _ABSENT:
            return value in {**_ABSENT, **self.holds}[name]
        if name in _MARKS:
            return self._is(name, value)
        return name in self.shown or name in _IDLE or name.startswith("_")

    def _is(self, mark: str, value: Any) -> bool:
        """Return whether a name of a network is one of this family's, or no library's."""
        if mark == "architectures":
            return not isinstance(value, list) or all(name in self.classes for name in value)
        if mark == "model_type":
            return not self.types or value in self.types
        of_timm = bool(self.networks) and isinstance(value, str) and _TIMM.fullmatch(value) is not None
        return not of_timm or re.fullmatch(self.networks, value.partition(".")[0]) is not None


def _options(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options that timm made a network with."""
    options = config.get("model_args")
    return options if isinstance(options, Mapping) else {}
