"""What the pages of figures 2 and 3 share: how the runs shown were made, in words, and what makes them again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.text.numbers import counted

if TYPE_CHECKING:
    from empirics.experiments.mnist.experiment import Results, Setting


def stored_or_run(directory: Path | None, reduced: Setting) -> Results | str:
    """Stored results, or without a directory a reduced run, made now; where no package has images, why there is none."""
    from empirics.experiments.mnist.experiment import run, stored  # torch takes seconds to load
    from empirics.experiments.mnist.images import load_images

    if directory is not None:
        return stored(directory)
    try:
        images = load_images()
    except ValueError as error:
        return str(error)
    return run(images, reduced, device="cpu", workers=1)


def about(results: Results, figure: str, is_stored: bool, seed: int) -> dict[str, Any]:
    """For a template: sizes, seed, data, whether anything diverged, and the command line."""
    setting = results.setting
    data = results.points[0]
    sizes = data.batch_size.values.tolist()
    lost = max(float(point.diverged.max()) for point in results.points)
    return {
        "figure": figure,
        "is_stored": is_stored,
        "is_full": is_stored and (results.is_full(initial_points=1) if figure == "figure 3" else results.is_full()),
        "images": results.images,
        "examples": f"{data.attrs['examples']:,}",
        "iterations": [f"{data.attrs['examples'] // b:,}" for b in sizes],
        "network": " – ".join(map(str, (results.pixels[0] * results.pixels[1], *setting.hidden, 10))),
        "rate": f"{setting.learning_rate:g}",
        "epochs": f"{int(data.epoch[-1]):,}",
        "runs": f"{data.sizes['run']:,}",
        "points": counted(len(results.points), "initial point"),
        "sizes": sizes,
        "lost": f"{lost:.3g}" if lost else "",
        "estimator": data.attrs["estimator"],
        "versions": data.attrs["versions"],
        "seed": setting.seed,
        "command": command(results),
        "again": f'batchlaw report --only "{figure}" --seed {seed}',
    }


def command(results: Results) -> str:
    """What makes stored results again."""
    s = results.setting
    options = {
        "--data": results.directory or "", "--batch-sizes": " ".join(map(str, s.batch_sizes)), "--epochs": s.epochs, "--runs": s.runs,
        "--initial-points": s.initial_points, "--seed": s.seed, "--learning-rate": s.learning_rate, "--train": s.train or "",
        "--every": s.every,
    }  # fmt: skip
    words = " ".join(f"{name} {value}" for name, value in options.items() if value != "")
    return f"batchlaw simulate mnist {words} --store DIR --resume"
