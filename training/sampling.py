"""What a generator writes, as training looks at it. The service has its own way, which is faster (`app/sampler.py`)."""

import torch

from models import latents
from models.generators import Generator
from models.latents import Latents
from models.pixels import SIDE, Pixels, to_uint8
from training.measures import sand

CHUNK = 500
QUICK = 2_000  # digits that a new card's sand rests on


@torch.inference_mode()
def write(generator: Generator, drawn: Latents) -> Pixels:
    """What the generator makes of latents, in evaluation mode and float32, on its own device.

    uint8 [n, 28, 28], or of several channels [n, channels, 28, 28].
    """
    device = next(generator.parameters()).device
    training = generator.training
    generator.eval()
    z = torch.from_numpy(drawn.z).to(device)
    label = torch.from_numpy(latents.one_hot(drawn.label, generator.classes)).to(device)
    images = torch.cat([to_uint8(generator(z[i : i + CHUNK], label[i : i + CHUNK])) for i in range(0, len(z), CHUNK)])
    generator.train(training)
    return images.cpu().numpy()


def first_look(generator: Generator) -> dict[str, float]:
    """What a new card tells, at once and without a judge: sand and specks of the digits of seeds 0 to 1,999."""
    images = write(generator, latents.draw(0, QUICK, generator.z_dim, generator.classes))
    measured = sand(images.reshape(-1, SIDE, SIDE))
    return {"sand": round(measured.ink, 4), "specks_per_digit": round(measured.specks, 4)}
