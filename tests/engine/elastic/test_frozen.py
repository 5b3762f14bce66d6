"""Parts that can't shrink stay whole and are named with their reason, and the rest still shrinks."""

import torch
from torch import Tensor, nn

from engine.elastic.blocks import find_blocks
from engine.elastic.space import Space
from engine.elastic.trace import trace


class Net(nn.Module):
    """Two convolutions with something between them, and a head."""

    def __init__(self, between: nn.Module) -> None:
        super().__init__()
        self.first, self.between, self.second = nn.Conv2d(3, 8, 3, padding=1), between, nn.Conv2d(8, 6, 1)
        self.head = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.between(self.first(x))).mean((2, 3)))


def frozen(between: nn.Module) -> dict[str, str]:
    space = Space(trace(Net(between), (3, 8, 8)), (3, 8, 8))
    assert "second" in [k.name for k in space.knobs]
    return {name: reason for name, reason in space.frozen.items() if name != "head"}


class Call(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def test_a_module_without_a_rule_is_named() -> None:
    layer = nn.Bilinear(8, 8, 8)
    pair = Call(lambda x: layer(x.movedim(1, -1), x.movedim(1, -1)).movedim(-1, 1))
    pair.layer = layer
    assert frozen(pair) == {"between.layer": "Bilinear has no rule", "first": "Bilinear has no rule"}


def test_an_operation_over_channels_is_named() -> None:
    reason = "operation 'softmax' weighs channels against one another"
    assert frozen(Call(lambda x: x.softmax(1))) == {"first": reason}
    assert frozen(Call(lambda x: x.flatten(2).softmax(-1).unflatten(2, (8, 8)))) == {}


def test_sizes_that_do_not_follow_are_found_by_trying() -> None:
    norm = nn.LayerNorm(8, elementwise_affine=False)
    turned = Call(lambda x: norm(x.movedim(1, -1)).movedim(-1, 1))
    turned.norm = norm
    assert frozen(turned) == {"first": "the sizes of 'between.norm' don't follow when channels are left out"}


def test_channels_that_are_one_class_are_named() -> None:
    reason = "its channels are all tied to one another, so none can go"
    assert frozen(Call(lambda x: x + x.flip(1) + x.roll(1, 1))) == {"first": reason}


def test_a_reason_is_passed_on_to_what_is_tied() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.other = nn.Conv2d(8, 8, 1)

        def forward(self, x: Tensor) -> Tensor:
            return (x + self.other(x)).cumsum(1)

    reason = "operation 'cumsum' has no rule"
    assert frozen(Tied()) == {"first": reason, "between.other": reason}


def test_a_block_that_shares_a_layer_with_the_rest_stays() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.shared = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 1)

        def forward(self, x: Tensor) -> Tensor:
            x = self.shared(self.stem(x))
            return (x + self.shared(x)).mean((2, 3))

    assert find_blocks(trace(Shared(), (3, 8, 8))) == []


def test_blocks_that_share_their_source_do_not_all_go() -> None:
    class Fan(nn.Module):
        """One branch that is added twice: without both additions nothing would use it."""

        def __init__(self) -> None:
            super().__init__()
            self.stem, self.branch = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 1)
            self.one, self.two = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)

        def forward(self, x: Tensor) -> Tensor:
            x = self.stem(x)
            y = torch.relu(self.branch(x))
            return (x + self.one(y) + self.two(y)).mean((2, 3))

    assert [b.leaves for b in find_blocks(trace(Fan(), (3, 8, 8)))] == [("one",)]
