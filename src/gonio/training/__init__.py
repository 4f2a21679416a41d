"""Networks to train, in plain PyTorch; needs the extra ``train``. What only runs models never imports this room."""

from gonio.optional import require

require("torch", extra="train", purpose="training")  # said once, here, where every import of this room passes
