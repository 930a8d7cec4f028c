# torch_train.py - trains the same model in PyTorch, for tests/bench/train.sh: prints tokens/s and tokens per CPU
# second.
# usage: torch_train.py SIZE VOCABULARY ROWS LENGTH STEPS THREADS bf16|fp32
# bf16 is autocast. In PyTorch's favour, it uses plain SGD instead of Adafactor, and random tokens, so that no data is
# read.
# Times are medians of the steps after the first.
import math
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

SIZES = {"3m": (256, 4, 3, 1024), "25m": (512, 8, 6, 2048)}  # width, heads, layers, inner


def buckets(length):
    d = torch.arange(length).clamp(min=0)
    far = 16 + (16 * torch.log(d.clamp(min=1) / 16.0) / math.log(8)).floor().long()
    return torch.where(d < 16, d, far.clamp(max=31))


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6) * self.gain


class Layer(nn.Module):
    def __init__(self, width, heads, inner):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = Norm(width), Norm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 2 * inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)
        self.bias = nn.Parameter(torch.randn(heads, 32) * 0.2)

    def forward(self, x, distance, mask):
        rows, length, width = x.shape
        q, k, v = (t.view(rows, length, self.heads, -1).transpose(1, 2) for t in self.qkv(self.norm1(x)).chunk(3, -1))
        s = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + self.bias[:, distance] + mask
        x = x + self.proj((torch.softmax(s, -1) @ v).transpose(1, 2).reshape(rows, length, width))
        g, u = self.up(self.norm2(x)).chunk(2, -1)
        return x + self.down(torch.relu(g) * u)


class Net(nn.Module):
    def __init__(self, vocab, width, heads, layers, inner, length):
        super().__init__()
        self.embed = nn.Embedding(vocab + 1, width)
        self.layers = nn.ModuleList(Layer(width, heads, inner) for _ in range(layers))
        self.norm = Norm(width)
        self.head = nn.Linear(width, vocab, bias=False)
        i = torch.arange(length)
        self.register_buffer("distance", buckets(length)[(i[:, None] - i[None, :]).clamp(min=0)])
        self.register_buffer("mask", torch.full((length, length), float("-inf")).triu(1))

    def forward(self, x):
        x = self.embed(x)
        for layer in self.layers:
            x = layer(x, self.distance, self.mask)
        return self.head(self.norm(x))


def rates(net, bf16, vocab, rows, length, steps):
    opt = torch.optim.SGD(net.parameters(), lr=1e-3)
    data = torch.randint(0, vocab, (rows, length + 1))
    wall, cpu = [], []
    for step in range(steps + 1):
        start, busy = time.monotonic(), time.process_time()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            logits = net(data[:, :-1])
            loss = F.cross_entropy(logits.reshape(-1, vocab).float(), data[:, 1:].reshape(-1))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if step > 0:  # the first one warms up
            wall.append(time.monotonic() - start)
            cpu.append(time.process_time() - busy)
    return [rows * length / statistics.median(t) for t in (wall, cpu)]


def main():
    size, vocab, rows, length, steps, threads = sys.argv[1], *map(int, sys.argv[2:7])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net = Net(vocab, *SIZES[size], length)
    print(*(f"{r:.1f}" for r in rates(net, sys.argv[7] == "bf16", vocab, rows, length, steps)))


main()
