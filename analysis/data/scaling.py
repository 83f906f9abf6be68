"""Scaling: images brought to the size that a network was trained on."""

from dataclasses import dataclass

from PIL import Image

from ..errors import UserError
from ..trials import DataSpec

LARGEST_IMAGE = 1 << 26
"""Most pixels of an image."""


@dataclass(frozen=True)
class Scaling:
    """Scales an image bilinearly with smoothing, then cuts a square from its middle, as torchvision does.

    Attributes
    ----------
    resize : int, (int, int) or None
        Pixels of the shorter side; or height and width.
    crop : int or None
        Side of the square, in pixels.
    channels : 1, 3 or None
        What images are converted to.
    """

    resize: int | tuple[int, int] | None = None
    crop: int | None = None
    channels: int | None = None

    @classmethod
    def of(cls, spec: DataSpec) -> "Scaling":
        """Return the scaling that a data set declares."""
        return cls(spec.resize, spec.crop, spec.channels)

    def apply(self, image: Image.Image, name: str) -> Image.Image:
        """Return the scaled image.

        Raises
        ------
        UserError
            If it is smaller than the crop, or would become larger than `LARGEST_IMAGE`.
        """
        if self.resize is not None:
            image = image.resize(self._checked(self._size(*image.size), name), Image.Resampling.BILINEAR)
        if self.crop is None:
            return image
        width, height = image.size
        if min(width, height) < self.crop:
            raise UserError(
                f"The image {name} is {width} × {height}, smaller than its crop of {self.crop}.",
                f"Declare a resize of at least {self.crop} beside the crop.",
            )
        left, top = round((width - self.crop) / 2), round((height - self.crop) / 2)
        return image.crop((left, top, left + self.crop, top + self.crop))

    @staticmethod
    def _checked(size: tuple[int, int], name: str) -> tuple[int, int]:
        if size[0] * size[1] > LARGEST_IMAGE:
            raise UserError(
                f"The image {name} would be scaled to {size[0]:,} × {size[1]:,} pixels, too many to keep.",
                "Take it out, or declare both sides of the size.",
            )
        return size

    def _size(self, width: int, height: int) -> tuple[int, int]:
        if isinstance(self.resize, tuple):
            return self.resize[1], self.resize[0]
        side = self.resize or min(width, height)
        if width <= height:
            return side, int(side * height / width)
        return int(side * width / height), side


PLAIN = Scaling()
"""Leaves images as they are."""
