"""What is measured of the demo's networks, by the kind of samples."""

_NETWORKS = """
seeds = [0]
[[model]]
name = "low"
path = "{assets}/demo/digits-resnet14-low.safetensors"
[[model]]
name = "resnet8"
path = "{assets}/demo/digits-resnet8.safetensors"
"""
DIGITS = (
    _NETWORKS
    + """[[data]]
name = "digits"
path = "digits.npz"
normalise = "digits"
groups = ["part"]
{weight}
[measure]
data = "digits"
reference = "resnet8"
samples = 8
probes = 2
steps = 4
draws = 2
points = 3
circles = 2
chords = 16
weights = "own"
radius = 0.001
what = {what}
"""
)
PICTURES = (
    _NETWORKS
    + """[[data]]
name = "pictures"
path = "pictures.npz"
normalise = "digits"
groups = ["part"]
{weight}
[measure]
data = "pictures"
reference = "resnet8"
corruptions = ["gaussian_noise", "contrast", "brightness"]
severities = [1, 5]
what = {what}
"""
)
TEXT = """
seeds = [0]
[[model]]
name = "language"
path = "{assets}/language/language-3.safetensors"
[[data]]
name = "text"
path = "text.jsonl"
tokenizer = "{assets}/language/characters.json"
length = 40
{weight}
[measure]
data = "text"
what = {what}
"""
RECIPES = {"digits": DIGITS, "pictures": PICTURES, "text": TEXT}
