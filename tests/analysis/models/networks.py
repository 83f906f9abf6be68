"""Small networks as their libraries build them, one line a family, with random values in every tensor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from .publishers import library, quiet

CLASSES, VOCABULARY = 5, 23
Make = Callable[[], nn.Module]


class Reader(nn.Module):
    """A classifier of a recurrent network's final state, or a language model."""

    def __init__(self, kind: Any, classes: int, layers: int = 1, both: bool = False) -> None:
        super().__init__()
        self.words = nn.Embedding(19, 6)
        self.rnn = kind(6, 5, layers, batch_first=True, bidirectional=both)
        self.out = nn.Linear(10 if both else 5, classes)
        self.speaks = classes == 19

    def forward(self, tokens: Tensor) -> Tensor:
        outputs, state = self.rnn(self.words(tokens))
        state = state[0] if isinstance(state, tuple) else state
        if self.speaks:
            logits: Tensor = self.out(outputs)
        elif self.rnn.bidirectional:
            logits = self.out(torch.cat([state[-2], state[-1]], 1))
        else:
            logits = self.out(state[-1])
        return logits


def stack(*sides: int, norm: bool = False, bias: bool = True) -> nn.Sequential:
    """Return a perceptron of these widths."""
    layers: list[nn.Module] = []
    for number, (before, after) in enumerate(pairwise(sides)):
        layers.append(nn.Linear(before, after, bias))
        if number < len(sides) - 2:
            layers += [nn.BatchNorm1d(after)] * norm + [nn.ReLU()]
    return nn.Sequential(*layers)


class Cifar(nn.Module):
    """torchvision's residual blocks behind a 3×3 stem, as people build them for small images."""

    def __init__(self) -> None:
        super().__init__()
        block = library("torchvision.models.resnet").BasicBlock
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(block(4, 4))
        for number, (before, after) in enumerate(((4, 8), (8, 16)), 2):
            short = nn.Sequential(nn.Conv2d(before, after, 1, 2, bias=False), nn.BatchNorm2d(after))
            setattr(self, f"layer{number}", nn.Sequential(block(before, after, 2, short)))
        self.fc = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        for number in (1, 2, 3):
            x = self.get_submodule(f"layer{number}")(x)
        logits: Tensor = self.fc(x.mean((2, 3)))
        return logits


def _resnet() -> nn.Module:
    parts = library("torchvision.models.resnet")
    network: Any = parts.ResNet(parts.BasicBlock, [1, 1, 1, 1])
    network.layer3 = network.layer4 = nn.Identity()  # the widest ones
    network.fc = nn.Linear(128, CLASSES)
    return network  # type: ignore[no-any-return]


def _vgg() -> nn.Module:
    parts = library("torchvision.models.vgg")
    with torch.device("meta"):  # where the wide layers that are replaced take no memory
        network: Any = parts.VGG(parts.make_layers([4, "M", 5, "M", 6, "M", 7, "M", 8, "M"]), init_weights=False)
    for place, layer in {0: nn.Linear(8 * 49, 9), 3: nn.Linear(9, 6), 6: nn.Linear(6, CLASSES)}.items():
        network.classifier[place] = layer
    return network.to_empty(device="cpu")  # type: ignore[no-any-return]


def _efficientnet() -> nn.Module:
    parts = library("torchvision.models.efficientnet")
    setting = [(1, 3, 1, 32, 16), (6, 3, 2, 16, 24), (6, 5, 2, 24, 40), (6, 3, 2, 40, 80), (6, 5, 1, 80, 112)]
    setting += [(6, 5, 2, 112, 192), (6, 3, 1, 192, 320)]
    blocks = [parts.MBConvConfig(*row, num_layers=1, width_mult=0.25, depth_mult=1.0) for row in setting]
    network: nn.Module = parts.EfficientNet(blocks, 0.2, num_classes=CLASSES)
    return network


def _convnext() -> nn.Module:
    parts = library("torchvision.models.convnext")
    widths = (4, 8, 8, 12, None)
    blocks = [parts.CNBlockConfig(before, after, 1) for before, after in pairwise(widths)]
    network: nn.Module = parts.ConvNeXt(blocks, num_classes=CLASSES)
    return network


def _published(module: str, name: str, *arguments: Any, **options: Any) -> nn.Module:
    network: nn.Module = getattr(library(module), name)(*arguments, **options)
    return network


def _transformer(kind: str, config: str, **fields: Any) -> nn.Module:
    library("transformers")
    ids = {"vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": 2, "use_cache": False}
    return _published("transformers", kind, _published("transformers", config, **ids | fields))


_torchvision, _timm = partial(_published, "torchvision.models"), partial(_published, "timm")
_WIDE = {"hidden_size": 128, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 2}
_GPT2 = {"n_embd": 128, "n_inner": 40, "n_head": 2, "n_layer": 2, "n_positions": 16}
_LLAMA = {**_WIDE, "num_key_value_heads": 1, "rms_norm_eps": 1e-5, "max_position_embeddings": 64}
_BERT = {**_WIDE, "max_position_embeddings": 16, "num_labels": CLASSES}
_SLIM = {"layers": [1, 1, 1, 1], "channels": (8, 12, 16, 20), "stem_width": 8, "num_classes": CLASSES}
VIT = {"img_size": 16, "patch_size": 8, "embed_dim": 128, "depth": 2, "num_heads": 2, "num_classes": CLASSES}
_HEAD = {"num_classes": CLASSES}
_SWIN = {"img_size": 32, "window_size": 2, "embed_dim": 32, "depths": (2, 2), "num_heads": (1, 2)} | _HEAD
_MIXER = {"img_size": 16, "patch_size": 8, "embed_dim": 64, "num_blocks": 2, "num_classes": CLASSES}

IMAGES, TOKENS = (2, 3, 64, 48), (3, 9)


@dataclass(frozen=True)
class Published:
    """A member of a family: what it is called, what it takes, and the library that builds it."""

    title: str
    example: tuple[int, ...]
    make: Make
    timm: Make | None = None
    """The same family as timm builds it, where the names of its tensors are the same."""
    classes: int = CLASSES
    vocabulary: int = 0
    told: Mapping[str, Any] | None = None
    """What a ``config.json`` must tell, since shapes leave it open."""

    @property
    def hugging_face(self) -> bool:
        """Whether transformers publishes it."""
        return isinstance(self.make, partial) and self.make.func is _transformer


# One line a family; after a comma, what tells a further member of it.
FAMILIES: Mapping[str, Published] = {
    "resnet_cifar": Published("ResNet-8 (CIFAR)", (2, 3, 32, 32), Cifar),
    "resnet": Published("ResNet-6", IMAGES, _resnet, partial(_timm, "create_model", "resnet18", **_SLIM)),
    "vgg": Published("VGG-8", IMAGES, _vgg),
    "mobilenet_v2": Published(
        "MobileNetV2", IMAGES, partial(_torchvision, "mobilenet_v2", width_mult=0.1, num_classes=CLASSES)
    ),
    "mobilenet_v3": Published(
        "MobileNetV3 small", IMAGES, partial(_torchvision, "mobilenet_v3_small", width_mult=0.1, num_classes=CLASSES)
    ),
    "densenet": Published(
        "DenseNet-11",
        IMAGES,
        partial(_torchvision, "DenseNet", 4, (2, 2), 8, num_classes=CLASSES),
        partial(_timm, "create_model", "densenet121", growth_rate=4, block_config=(2, 2), num_classes=CLASSES),
    ),
    "efficientnet": Published("EfficientNet-7", IMAGES, _efficientnet),
    "convnext": Published("ConvNeXt-4, 4 wide", IMAGES, _convnext),
    "vit": Published(
        "ViT-128/8 (16 px)",
        (2, 3, 16, 16),
        vit := partial(_timm, "create_model", "vit_tiny_patch16_224", **VIT),
        vit,
    ),
    "swin": Published(
        "Swin, 2×2 windows",
        (2, 3, 32, 32),
        swin := partial(_timm, "create_model", "swin_tiny_patch4_window7_224", **_SWIN),
        swin,
    ),
    "mlp_mixer": Published(
        "Mixer-64/8 (16 px)",
        (2, 3, 16, 16),
        partial(_published, "timm.models.mlp_mixer", "MlpMixer", **_MIXER),
    ),
    "gpt2": Published(
        "GPT-2, 2 blocks of 128",
        TOKENS,
        partial(_transformer, "GPT2LMHeadModel", "GPT2Config", **_GPT2),
        classes=VOCABULARY,
        vocabulary=VOCABULARY,
    ),
    "llama": Published(
        "Llama, 2 blocks of 128",
        TOKENS,
        partial(_transformer, "LlamaForCausalLM", "LlamaConfig", **_LLAMA),
        classes=VOCABULARY,
        vocabulary=VOCABULARY,
        told={"num_attention_heads": 2},
    ),
    "bert": Published(
        "BERT, 2 blocks of 128",
        TOKENS,
        partial(_transformer, "BertForSequenceClassification", "BertConfig", **_BERT),
        vocabulary=VOCABULARY,
    ),
    "recurrent": Published("LSTM classifier, 2 × 5", TOKENS, partial(Reader, nn.LSTM, CLASSES, 2), vocabulary=19),
    "recurrent, GRU": Published("GRU classifier, 1 × 5", TOKENS, partial(Reader, nn.GRU, CLASSES), vocabulary=19),
    "mlp": Published("MLP 8–7–6–5", (4, 8), partial(stack, 8, 7, 6, CLASSES, norm=True)),
}


class Logits(nn.Module):
    """A network of transformers that gives its logits alone, as a traced or exported one does."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.network(tokens).logits
        return logits


@dataclass(frozen=True)
class Built:
    """A network of a library with an input and what it makes of it.

    Attributes
    ----------
    module : Module
        As its library builds it.
    program : Module
        The same, from one tensor to one tensor.
    """

    module: nn.Module
    program: nn.Module
    x: Tensor
    expected: Tensor


@cache
def built(family: str, by_timm: bool = False) -> Built:
    """Build the network of a family; tests share it and must not change it."""
    row = FAMILIES[family]
    make = row.timm if by_timm and row.timm else row.make
    with quiet():
        module = randomised(make())
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(row.example, generator=generator)
    if row.vocabulary:
        x = torch.randint(1, row.vocabulary, row.example, generator=generator)
    program = Logits(module).eval() if row.hugging_face else module
    with torch.inference_mode():
        return Built(module, program, x, program(x))


def randomised(network: Any) -> Any:
    """Return the network with every tensor random, so that none can be left out unseen."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
        elif tensor.is_floating_point():
            tensor.copy_(0.3 * torch.randn(tensor.shape, generator=generator))
    return network.eval()
