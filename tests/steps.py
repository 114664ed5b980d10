"""A few steps of a run of each recipe, in float32, by however many processes torchrun starts: python -m tests.steps DATA OUT RECIPE...

Not a test itself.
"""

import json
import sys
from pathlib import Path

import torch

from training.parts import styles
from training.recipe import BOOK
from training.run.loop import Training, train
from training.run.processes import joined

if __name__ == "__main__":
    data, out, *names = sys.argv[1:]
    found = {}
    device = torch.device("cpu")
    torch.set_num_threads(1)
    styles.SMALLEST = 2  # else the tests' few images have hardly a style
    with joined(device) as processes:
        for name in names:
            recipe = BOOK[name].recipe
            images = 6 * 32 * recipe.optimizer.discriminator_steps
            training = Training(recipe, recipe.data.read(Path(data)), device, 32, 5, images, processes)
            training.autocast = False
            rows = [[row.discriminator_loss, row.generator_loss, row.accuracy] for row in train(training, steps_each=1)]
            own = float(sum(weights.double().abs().sum() for weights in training.generator.state_dict().values()))
            alike = not processes.any(abs(float(processes.mean(torch.tensor(own, dtype=torch.float64))) - own) > 1e-6 * own)
            found[name] = {"rows": rows, "weights": own, "alike": alike, "processes": processes.count}
    tasks = Path("/proc/self/task")
    threads = [(task / "comm").read_text().strip() for task in tasks.iterdir()] if tasks.exists() else []
    left = [name for name in threads if "gloo" in name]
    if processes.first:
        Path(out).write_text(json.dumps({**found, "threads left": left}))
