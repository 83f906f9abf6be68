"""Digital: light, contrast and colour, elastic bending, coarse pixels."""

import torch
from torch import Tensor

from .filters import gaussian, sample
from .seeding import Draws


def brightness(images: Tensor, draws: Draws, lift: float) -> Tensor:
    """Raise the value of each colour; hue and saturation stay, so that the channels keep their ratio."""
    value = images.amax(dim=1, keepdim=True)
    raised = (value + lift).clamp(0, 1)
    return torch.where(value > 0, images * (raised / value.clamp_min(1e-9)), raised)


def contrast(images: Tensor, draws: Draws, share: float) -> Tensor:
    """Bring each channel nearer to its mean."""
    means = images.mean(dim=(2, 3), keepdim=True)
    return torch.lerp(means, images, share)


def saturate(images: Tensor, draws: Draws, factor: float, lift: float) -> Tensor:
    """Change the saturation of each colour; greys, which have no hue, turn to red if it is lifted.

    Images of one channel have no saturation and stay as they are.
    """
    if images.shape[1] == 1:
        return images
    value = images.amax(dim=1, keepdim=True)
    chroma = value - images.amin(dim=1, keepdim=True)
    saturation = (chroma / value.clamp_min(1e-9) * factor + lift).clamp(0, 1)
    red = images.new_tensor([0, 1, 1]).view(1, 3, 1, 1)
    shape = torch.where(chroma > 0, (value - images) / chroma.clamp_min(1e-9), red)
    return value * (1 - saturation * shape)


def pixelate(images: Tensor, draws: Draws, share: float) -> Tensor:
    """Shrink to a share of the size, each pixel the mean of those it covers, and enlarge again by repetition."""
    h, w = images.shape[-2:]
    levels = (images * 255).round_()
    rows, columns = _begins(h, int(h * share)), _begins(w, int(w * share))
    high, wide = _repeat(h, len(rows) - 1), _repeat(w, len(columns) - 1)
    if images.device.type != "cpu":
        return pixelate_plain(levels, rows, columns, high, wide) / 255
    from . import compiled

    coarse = torch.empty(images.shape)
    begins, parts = (rows.numpy(), columns.numpy()), (high.numpy(), wide.numpy())
    compiled.pixelate(levels.flatten(0, 1).numpy(), *begins, *parts, coarse.flatten(0, 1).numpy())
    return coarse.div_(255)


def pixelate_plain(levels: Tensor, rows: Tensor, columns: Tensor, high: Tensor, wide: Tensor) -> Tensor:
    """Return the rounded means of the parts that begin at rows and columns, repeated; as `compiled.pixelate`."""
    narrow = torch.floor(levels @ _sums(columns).to(levels).T / columns.diff().to(levels) + 0.5)
    small = torch.floor(_sums(rows).to(levels) @ narrow / rows.diff().to(levels).unsqueeze(1) + 0.5)
    return small[..., high.to(levels.device), :][..., wide.to(levels.device)]


def _begins(long: int, short: int) -> Tensor:
    """Return where each of the parts begins, and where the last one ends, (short + 1,): whose centres fall into it."""
    return torch.ceil(torch.arange(short + 1, dtype=torch.float64) * (long / short) - 0.5).long()


def _sums(begins: Tensor) -> Tensor:
    """Return the matrix (short, long) that sums the places of each part."""
    places = torch.arange(int(begins[-1]))
    return (places >= begins[:-1, None]) & (places < begins[1:, None])


def _repeat(long: int, short: int) -> Tensor:
    return ((torch.arange(long, dtype=torch.float64) + 0.5) * (short / long)).long()


def elastic_transform(images: Tensor, draws: Draws, strength: float, softness: float, affine: float) -> Tensor:
    """Bend the image: a random affine map, then a smooth random shift of every pixel.

    `strength` and `softness` are the amplitude of the shifts and how far they hang together, `affine` how far the map
    moves three points of the middle: all shares of the shorter side.
    """
    h, w = images.shape[-2:]
    side = min(h, w)
    moved = sample(images, *_affine(draws, affine * side, h, w), "reflect") if affine else images
    noise = draws.uniform(2, h, w, stream=1) * 2 - 1
    shifts = gaussian(noise, softness * side, truncate=3, border="mirror") * (strength * side)
    y, x = torch.meshgrid(*(torch.arange(n, device=images.device) for n in (h, w)), indexing="ij")
    return sample(moved, x + shifts[:, 0], y + shifts[:, 1], "mirror")


def _affine(draws: Draws, far: float, h: int, w: int) -> tuple[Tensor, Tensor]:
    """Return where each pixel comes from, x and y of shape (n, h, w), when three points move by at most `far`."""
    offsets = (draws.uniform(3, 2).double() * 2 - 1) * far
    third = min(h, w) // 3
    corners = offsets.new_tensor([[third, third], [third, -third], [-third, -third]])
    before = corners + offsets.new_tensor([w // 2, h // 2])
    after = torch.cat([before + offsets, torch.ones_like(offsets[..., :1])], dim=2)
    back = torch.linalg.solve(after, before.expand_as(offsets))
    y, x = torch.meshgrid(*(torch.arange(n, device=back.device, dtype=back.dtype) for n in (h, w)), indexing="ij")
    grid = torch.stack([x, y, torch.ones_like(x)], dim=-1)
    x, y = torch.einsum("hwi,nij->jnhw", grid, back).float()
    return x, y
