"""A network of one's own, measured: the guide's two files and three commands, with what they printed when the page was made."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from reports.figures import batch_size_law
from reports.site import measured
from reports.site.measured_page import MeasuredPage
from reports.site.render import page

ROOT = Path(__file__).resolve().parents[2]
RESULT = "noise.nc"
FILES = {
    "my_net.py": '''\
import torch
from torch import nn


def make():
    """A model, its loss (a mean over the examples of a batch) and its data set."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
    inputs = 4 * torch.rand(1000, 2) - 2
    targets = inputs[:, :1].sin() * inputs[:, 1:] + 0.3 * torch.randn(1000, 1)
    return model, nn.MSELoss(), (inputs, targets)
''',
    "train.py": """\
import torch
from empirics import GradientNoiseMeter
from my_net import make

model, loss, (inputs, targets) = make()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
meter = GradientNoiseMeter(model, micro_batch=32, accumulation="mean")  # 1
for step in range(200):
    for batch in torch.randint(1000, (2, 32)):  # two micro-batches of 32 examples
        (loss(model(inputs[batch]), targets[batch]) / 2).backward()
    meter.step()  # 2
    optimizer.step()
    optimizer.zero_grad()
    if step in (49, 199):
        found = meter.result  # 3
        low, high = float(found.noise_scale_low), float(found.noise_scale_high)
        print(f"step {step}: noise scale {float(found.noise_scale):.0f}, between {low:.0f} and {high:.0f}")
""",
}
COMMANDS = {
    "noise": "batchlaw measure my_net:make --batch-sizes 1 8 20 100 500 1000 --picture law.svg --out noise.nc",
    "train": "python train.py",
    "runs": "batchlaw measure my_net:make --batch-sizes 20 100 --runs 8 --epochs 2 --learning-rate 0.1",
}


@dataclass(frozen=True)
class Shown:
    """A command and what it printed."""

    command: str
    output: str


def make(seed: int = 0, directory: Path | None = None) -> MeasuredPage:
    """The page; its commands are run now, in a directory of their own. An alarm when one fails."""
    with tempfile.TemporaryDirectory() as there:
        shown, failed = run(Path(there))
        drawing = drawn(Path(there, RESULT))
    finding = f"{failed[0]} failed" if failed else f"{len(COMMANDS)} commands run, as printed on the page"
    html = page(
        "own_network.html.jinja",
        seed=seed,
        page_title="A network of your own · batchlaw",
        page_description="The gradient noise of a torch model of your own: at fixed weights, in your training loop, and along runs.",
        others=measured.others("your network"),
        agreement=measured.page_of("agreement"),
        files=FILES,
        shown=shown,
        failed=failed,
        drawing=drawing,
    )
    return MeasuredPage(html, finding, alarm=bool(failed))


def drawn(result: Path) -> str:
    """The picture of a result in a file, as an inline panel; "" where there is none."""
    if not result.exists():
        return ""
    import xarray as xr

    with xr.open_dataset(result, engine="h5netcdf") as noise:
        return batch_size_law.draw(batch_size_law.series(noise), "fig-own-network", "var(g) of my_net:make against the batch size")


def run(directory: Path) -> tuple[dict[str, Shown], list[str]]:
    """The files written, every command run there in a process of its own; those that failed."""
    for name, text in FILES.items():
        (directory / name).write_text(text, encoding="utf-8")
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": paths, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    shown, failed = {}, []
    for name, command in COMMANDS.items():
        program, *arguments = command.split()
        words = [sys.executable, *(("-m", "reports.cli") if program == "batchlaw" else ()), *arguments]
        done = subprocess.run(words, cwd=directory, env=environment, capture_output=True, encoding="utf-8")
        if done.returncode:
            failed.append(command)
        shown[name] = Shown(command, (done.stdout if not done.returncode else done.stdout + done.stderr).strip())
    return shown, failed
