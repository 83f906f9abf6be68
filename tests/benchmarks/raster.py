"""A million points on a 1280 × 800 screen: images and brush against NumPy's and matplotlib's ways."""

from typing import Any

import numpy as np
from matplotlib.path import Path as MatplotlibPath
from numpy.typing import NDArray
from timing import side_by_side

from graftwork.kernels import raster
from graftwork.kernels.raster import Frame

FRAME = Frame(left=-4, right=4, bottom=-4, top=4, width=1280, height=800)
CLASSES = 10


def main() -> None:
    """Time each step beside what one would use otherwise, and check that they agree."""
    draws = np.random.default_rng(0)
    points = draws.normal(size=(1_000_000, 2)).astype(np.float32)
    codes = np.sort(draws.integers(1, 1 + CLASSES, len(points)).astype(np.uint8))
    selected = np.flatnonzero(draws.random(len(points)) < 0.1)
    pixels = raster.pixel_index(points, FRAME)
    bins: dict[str, Any] = {
        "bins": (FRAME.width, FRAME.height),
        "range": ((FRAME.left, FRAME.right), (FRAME.bottom, FRAME.top)),
    }

    print("1,000,000 points: new view range")
    side_by_side(
        {
            "np.histogram2d": lambda: np.histogram2d(points[:, 0], points[:, 1], **bins),
            "pixel_index + marks of 10 classes": lambda: raster.marks(raster.pixel_index(points, FRAME), codes, FRAME),
        }
    )
    print("1,000,000 points: same view range")
    side_by_side(
        {
            "marks of 10 classes": lambda: raster.marks(pixels, codes, FRAME),
            "marks of a selected tenth": lambda: raster.marks(pixels[selected], codes[selected], FRAME),
            "grown to 3 pixels": lambda: raster.grown(raster.marks(pixels[selected], codes[selected], FRAME), 3),
        }
    )
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    lasso = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (1 + 0.3 * np.sin(7 * angles))[:, None]
    path = MatplotlibPath(lasso)
    for count in (100_000, 1_000_000):
        _lassoed(points[:count], lasso, path)


def _lassoed(cloud: NDArray[np.float32], lasso: NDArray[np.float64], path: MatplotlibPath) -> None:
    same = np.array_equal(raster.points_in_polygon(cloud, lasso), path.contains_points(cloud))
    print(f"{len(cloud):,} points in a lasso of {len(lasso)} corners; equal: {same}")
    side_by_side(
        {
            "matplotlib.path": lambda: path.contains_points(cloud),
            "points_in_polygon": lambda: raster.points_in_polygon(cloud, lasso),
        }
    )


if __name__ == "__main__":
    main()
