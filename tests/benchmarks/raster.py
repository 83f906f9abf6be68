"""A million points on a 1280 × 800 screen: images, brush and hit test against NumPy's and matplotlib's ways."""

from typing import Any

import numpy as np
from matplotlib.path import Path as MatplotlibPath
from timing import side_by_side

from graftwork.kernels import raster
from graftwork.kernels.raster import Frame

FRAME = Frame(left=-4, right=4, bottom=-4, top=4, width=1280, height=800)
CLASSES = 10


def main() -> None:
    """Time each step beside what one would use otherwise, and check that they agree."""
    draws = np.random.default_rng(0)
    points = draws.normal(size=(1_000_000, 2)).astype(np.float32)
    labels = draws.integers(0, CLASSES, len(points))
    selected = draws.random(len(points)) < 0.1
    pixels = raster.pixel_index(points, FRAME)
    lookup = raster.lookup(pixels, FRAME)
    bins: dict[str, Any] = {
        "bins": (FRAME.width, FRAME.height),
        "range": ((FRAME.left, FRAME.right), (FRAME.bottom, FRAME.top)),
    }

    print("1,000,000 points: new view range, counts")
    side_by_side(
        {
            "np.histogram2d": lambda: np.histogram2d(points[:, 0], points[:, 1], **bins),
            "pixel_index + counts": lambda: raster.counts(raster.pixel_index(points, FRAME), FRAME),
        }
    )
    print("1,000,000 points: same view range")
    side_by_side(
        {
            "counts": lambda: raster.counts(pixels, FRAME),
            "counts of a selected tenth": lambda: raster.counts(pixels, FRAME, selected),
            "majority of 10 classes": lambda: raster.majority(pixels, labels, CLASSES, FRAME),
            "density": lambda: raster.density(raster.counts(pixels, FRAME)),
            "lookup (once a view range)": lambda: raster.lookup(pixels, FRAME),
            "hit test": lambda: raster.nearest_point(lookup, points, FRAME, (640.0, 400.0), 6),
        }
    )
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    lasso = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (1 + 0.3 * np.sin(7 * angles))[:, None]
    cloud = points[:100_000]
    path = MatplotlibPath(lasso)
    same = np.array_equal(raster.points_in_polygon(cloud, lasso), path.contains_points(cloud))
    print(f"100,000 points in a lasso of 200 corners; equal: {same}")
    side_by_side(
        {
            "matplotlib.path": lambda: path.contains_points(cloud),
            "points_in_polygon": lambda: raster.points_in_polygon(cloud, lasso),
        }
    )


if __name__ == "__main__":
    main()
