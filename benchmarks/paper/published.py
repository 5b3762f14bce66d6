"""What the paper reports (section 3), and what the reduced experiments are to reach."""

from dataclasses import dataclass

from benchmarks.paper.experiments import FERMINETS

MOBILENET, NASNET, PROTOTYPE = "MobileNet", "NASNet-L2C(S)", "the prototype"


@dataclass(frozen=True)
class Figure:
    """One figure of the paper.

    Attributes:
        network: Ours that it is compared with; None is the one that :func:`benchmarks.paper.compare.chosen` takes.
        kind: One of :data:`benchmarks.paper.compare.KINDS`.
        said: As the paper prints it.
        against: Which network the paper's is compared with.
    """

    network: str | None
    kind: str
    said: str
    against: str


@dataclass(frozen=True)
class Published:
    """The paper's account of an experiment.

    Attributes:
        section: Its heading there, and the figure.
        data: What differs in the data.
        figures: What it reports.
        targets: What the reduced experiment is to reach over its own prototype, by kind.
    """

    title: str
    section: str
    data: str
    figures: tuple[Figure, ...]
    targets: dict[str, float]


def _each(kind: str, against: str, *said: str) -> tuple[Figure, ...]:
    """A figure of FermiNet-A, of FermiNet-B and so on."""
    return tuple(Figure(network, kind, s, against) for network, s in zip(FERMINETS, said, strict=False))


PUBLISHED = {
    "classification": Published(
        title="Image classification",
        section="ResNet on CIFAR-10, accuracy ≥ 89 %; figure 1",
        data="The paper trained on CIFAR-10 itself. The images here are JPEG copies of it (quality about 75), which "
        "costs accuracy, so figures don't compare to a tenth of a percent. NASNet-L2C(S) isn't trained here.",
        figures=(
            *_each("density", MOBILENET, "> 12.5×", "~ 20×", "~ 19×", "> 26.4×"),
            *_each("macs", NASNET, "> 2.7×", "> 3.6×", "> 4.5×", "~ 5×"),
            *_each("netscore", MOBILENET, "> 11.8 dB", "> 15 dB", "> 15.6 dB", "> 17.5 dB"),
            *_each("metric", NASNET, "~ 1.4 points", "~ 0.4 points", "~ 0.01 points"),
        ),
        targets={"netscore": 15.0, "density": 10.0},
    ),
    "segmentation": Published(
        title="Semantic segmentation",
        section="RefineNet on CamVid, pixel accuracy ≥ 90 %; figure 2",
        data="CamVid with 11 classes at 480×360, the 367/101/233 split of SegNet; the paper says neither its "
        "resolution nor its classes. RefineNet's trunk starts from random weights, not from ImageNet's.",
        figures=(
            Figure(None, "metric", "−0.1 points (90.2 % of 90.3 %)", PROTOTYPE),
            Figure(None, "density", "~ 3×", PROTOTYPE),
            Figure(None, "macs", "~ 2.2×", PROTOTYPE),
            Figure(None, "netscore", "~ 8 dB", PROTOTYPE),
        ),
        targets={"density": 3.0, "macs": 2.2, "netscore": 8.0},
    ),
    "detection": Published(
        title="Object detection",
        section="DetectNet on Parse27K, mAP ≥ 61 %; figure 3",
        data="Parse27K (pedestrians) is not public. BCCD takes its place: 364 photographs of blood cells, 3 classes. "
        "So no mAP here compares with the paper's, only what is gained over the prototype.",
        figures=(
            Figure(None, "metric", "−0.8 points (61.0 % of 61.8 %)", PROTOTYPE),
            Figure(None, "density", "> 10×", PROTOTYPE),
            Figure(None, "macs", "> 11×", PROTOTYPE),
            Figure(None, "netscore", "> 21 dB", PROTOTYPE),
            Figure(None, "images_per_joule", "> 4× (measured there)", PROTOTYPE),
        ),
        targets={"density": 10.0, "macs": 11.0, "netscore": 21.0},
    ),
}
