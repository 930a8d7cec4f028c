#!/usr/bin/env python3
"""m2.py - the token model M2 in PyTorch: evaluates, trains and samples it, on processors and GPUs.

    m2.py eval m2.bin toks                                      # the table that m2train -E prints
    m2.py train --like=toks -s 25m -n 20000 -C run.ckpt -o m2.bin toks.npy
    torchrun --nproc_per_node=8 m2.py train ...                 # the same, on eight GPUs or processes
    m2.py generate -n 100 m2.bin | bitpack --from=ids --like=toks >sampled
    m2.py convert --like=toks m2.ckpt m2.bin                    # a checkpoint of m2train's, or of m2.py's, to a model

Equations, files and names are those of nct-formats(5). Tokens are a token stream, or the same ids as bitpack --to=npy
or --to=raw writes them: these are mapped into memory, a stream is read whole. --like=STREAM names a token stream; its
header says what ids mean where no other file does. A checkpoint can be evaluated while its run goes on.

With --texts=FILE tokens share the parts of their texts that m2train(1) tells of. FILE is `acwin --strings=llmc`, or has
in llm.c's layout the texts of another tokenizer. Models have the sums of rows, so the file is needed for training and
checkpoints alone.

It needs PyTorch, NumPy, liblzma, and m2_files.py and parts.py beside it. It runs on PyTorch 1.13 and 2.x, and has no
call that only one of them has: no torch.compile, no scaled_dot_product_attention. These were looked up in both:
autocast, AdamW and the three tensors of its state, clip_grad_norm_, checkpoint(use_reentrant=False), embedding_bag,
Tensor.unfold, flip and unbind, and of torch.distributed init_process_group, all_reduce, broadcast and
destroy_process_group. torch.load has other defaults since 2.6 and is not used."""
import argparse
import functools
import math
import os
import signal
import sys
import time

import numpy as np
import torch
import torch.distributed as dist
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from m2_files import (OF_M2PY, SIZES, WRONG_USE, composed, crc64, fail, keep_apart, need, number, one_meaning,
                      parse_size, parts_mark, read_like, read_model, read_pairs, read_tokens, shapes, vocabulary_of,
                      write_checkpoint, write_model)

# ---- the model ----

STARTS = (19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113)  # distances at which buckets 17 to 31 begin


def bucket(d):
    return torch.where(d < 16, d, 16 + (d[:, None] >= d.new_tensor(STARTS)).sum(-1))


def rms(x):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


def layer(x, past, heads, reach, norm1, qkv, bias, proj, norm2, up, down):
    """x (B,T,C) after one layer, and the keys and values (2,B,H,S,D) of `past` and of x."""
    B, T, C = x.shape
    q, k, v = F.linear(rms(x) * norm1, qkv).view(B, T, 3, heads, C // heads).permute(2, 0, 3, 1, 4)  # (B,H,T,D) each
    kv = torch.stack((k, v)) if past is None else torch.cat((past, torch.stack((k, v))), 3)
    S = kv.shape[3]
    # The bias (H,T,S) depends on the distance alone. So the row of each query is that of the next one, moved by one
    # key: the row of the last query, with distances below 0 behind it, has all rows in it.
    d = torch.arange(S - 1, -T, -1, device=x.device)
    b = bias[:, bucket(d.clamp(min=0))].masked_fill((d < 0) | (d >= reach), -math.inf).unfold(1, S, 1).flip(1)
    s = q @ kv[0].transpose(-1, -2) / math.sqrt(C // heads) + b
    x = x + F.linear((torch.softmax(s, -1) @ kv[1]).transpose(1, 2).reshape(B, T, C), proj)
    g, u = F.linear(rms(x) * norm2, up).chunk(2, -1)
    return x + F.linear(torch.relu(g) * u, down), kv


class M2(torch.nn.Module):
    """Parameters have the names and shapes of the file. With `pairs`, those of tokens share rows of their parts."""

    def __init__(self, sizes, tensors, pairs=None):
        super().__init__()
        self.sizes, self.recompute, self.shared = sizes, False, pairs is not None
        for name in (*shapes(sizes), *(["parts"] if self.shared else [])):
            self.register_parameter(name, torch.nn.Parameter(torch.from_numpy(np.array(tensors[name], "f4"))))
        if self.shared:  # part[first[t]:first[t + 1]] are those of token t
            first = np.searchsorted(pairs[:, 0], np.arange(sizes["vocabulary"]))
            self.register_buffer("first", torch.from_numpy(first))
            self.register_buffer("part", torch.from_numpy(pairs[:, 1].astype("i8")))

    def rows(self):
        """The rows of tokens: embedding (V+1,C) and output layer (V,C)."""
        embed, head = self.embed[0], self.head[0]
        if self.shared:
            for_embed, for_head = (F.embedding_bag(self.part, t, self.first, mode="sum") for t in self.parts.unbind(0))
            embed, head = embed + F.pad(for_embed, (0, 0, 0, 1)), head + for_head
        return embed, head

    def forward(self, ids, past=None):
        """Logits (B,T,V) after each of `ids` (B,T), and what to give as `past` to go on behind them."""
        embed, head = self.rows()
        s, x, kept = self.sizes, F.embedding(ids, embed), []
        L, C, reach = s["layers"], s["width"], s["reach"]
        stacks = (self.norm1, self.qkv.view(L, 3 * C, C), self.bias, self.proj, self.norm2,
                  self.up.view(L, 2 * s["inner"], C), self.down)
        # unbind(), as its gradient is one tensor; an index would make a whole stack of zeros for each layer.
        for i, weights in enumerate(zip(*(t.unbind(0) for t in stacks))):
            given = (x, past[i] if past else None, s["heads"], reach, *weights)
            x, kv = checkpoint(layer, *given, use_reentrant=False) if self.recompute else layer(*given)
            kept.append(kv[:, :, :, max(kv.shape[3] - reach + 1, 0):])
        return F.linear(rms(x) * self.normf[0], head).float(), kept


def initial(s, seed, pairs=None):
    """Random parameters: m2train's distributions, but smaller where a layer adds to x."""
    r, tensors = np.random.RandomState(seed), {}
    C, L, H = s["width"], s["layers"], s["heads"]
    deviation = {"embed": 1, "qkv": C ** -0.5, "bias": 0.2, "proj": (2 * L * C) ** -0.5, "up": C ** -0.5,
                 "down": (2 * L * s["inner"]) ** -0.5, "head": C ** -0.5}
    for name, shape in shapes(s).items():
        values = r.standard_normal(shape) * deviation[name] if name in deviation else np.ones(shape)
        tensors[name] = values.astype("f4")
    slopes = 2.0 ** (-8 * np.arange(H) / H)  # heads attend to near tokens first, as with ALiBi
    tensors["bias"] -= (slopes[:, None] * np.arange(32)).astype("f4")
    if pairs is not None:  # rows of parts are half as large as those of tokens
        halves = [0.5 * deviation[name] * r.standard_normal((pairs[:, 1].max() + 1, C)) for name in ("embed", "head")]
        tensors["parts"] = np.array(halves, "f4")
    return tensors


# ---- examples and losses ----

def batch(ids, numbers, length, vocabulary, path):
    """Examples of the tokens: what is read and what is to be predicted, (rows,length) each. -1: nothing is."""
    targets = np.full((len(numbers), length), -1, "i8")
    for row, n in zip(targets, numbers):
        part = ids[n * length:(n + 1) * length]
        row[:len(part)] = part
    need(targets.max() < vocabulary, path, "id %d is not below the vocabulary, %d" % (targets.max(), vocabulary))
    inputs = np.concatenate((np.full((len(numbers), 1), vocabulary), targets[:, :-1]), 1)
    return torch.from_numpy(np.where(inputs < 0, vocabulary, inputs)), torch.from_numpy(targets)


def losses(net, inputs, targets, o):
    """For each token, 0 where none is to be predicted: the loss in nats, and log(Z) of the softmax. And the logits."""
    inputs, targets = inputs.to(o.device), targets.to(o.device)
    with torch.autocast(o.device.type, torch.bfloat16, enabled=o.dtype == "bf16"):
        logits, _ = net(inputs)
    z = torch.logsumexp(logits, -1)
    nats = z - logits.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
    return nats * (targets >= 0), z * (targets >= 0), logits


# ---- eval ----

def evaluate(o):
    s, length, header, tensors, _ = read_model(o.model, read_pairs(o.texts))
    header = one_meaning(header, read_like(o.like), o.like)
    ids, places, text, header = read_tokens(o.tokens, header)
    fits(s, header, o.model)
    length, nats, hits = o.length or length, [], []
    rows = o.rows or max(2 ** 24 // (length * s["vocabulary"]), 1)
    examples, net = -(-len(ids) // length), M2(s, tensors).to(o.device)
    with torch.no_grad():
        for first in range(0, examples, rows):
            numbers = range(first, min(first + rows, examples))
            inputs, targets = batch(ids, numbers, length, s["vocabulary"], o.tokens)
            each, _, logits = losses(net, inputs, targets, o)
            nats.append(each.cpu()[targets >= 0])
            hits.append((logits.argmax(-1).cpu() == targets)[targets >= 0])
    print_table(s, header, ids, places, text, torch.cat(nats).double().numpy(), torch.cat(hits).numpy())


def fits(s, header, path):
    if vocabulary_of(header) != s["vocabulary"]:
        fail("%s: a vocabulary of %d, not %d as the tokens have" % (path, s["vocabulary"], vocabulary_of(header)))


def print_table(s, header, ids, places, text, nats, hits):
    """Prints what m2train -E does (nct-formats(5), "Evaluation tables")."""
    def cost(n, r):
        return "%.4f\t%.6f\t%.6f\t%.6f" % (n.sum(), n.mean(), n.mean() / math.log(2), r.mean())
    parameters = sum(math.prod(shape) for name, shape in shapes(s).items() if name not in ("embed", "head"))
    v, b, code = header[16], header[11], ("none", "split", "best", "unbroken")[header[19]]
    print(*"row index tokens text_bytes nats nats_per_token bits_per_token accuracy vocabulary token_bits window_bits "
          "resets code m2_parameters m1_parameters m2_output_parameters".split(), sep="\t")
    print("total", "", len(ids), "" if text is None else text, cost(nats, hits), s["vocabulary"], v, b,
          number(header, 20, 4), code, parameters, number(header, 56, 8), s["vocabulary"] * s["width"], sep="\t")
    for place in range(b):
        here = places.astype("i8") * v % b == place
        if here.any():
            print("position", place, here.sum(), "", cost(nats[here], hits[here]), *[""] * 8, sep="\t")
    for i, count in enumerate(np.bincount(ids)):
        if count:
            print("token", i, count, *[""] * 13, sep="\t")


# ---- train ----

@functools.lru_cache(maxsize=1)
def permutation(count, seed, epoch):
    return np.random.RandomState([seed, epoch]).permutation(count)


def rate(o, step):
    """The learning rate: a linear rise, then half a cosine down to a tenth."""
    if step <= o.warmup:
        return o.lr * step / o.warmup
    return o.lr * (0.55 + 0.45 * math.cos(math.pi * (step - o.warmup) / max(o.steps - o.warmup, 1)))


def read_state(o, s, header, kept, pairs):
    """The tensors to begin with, and the steps that they have had."""
    if o.checkpoint and os.path.exists(o.checkpoint):
        was, length, of_file, tensors, meta = read_model(o.checkpoint, pairs, compose=False)
        if meta["format"] != OF_M2PY:
            fail("%s: not a checkpoint of m2.py's; --from=%s begins with its parameters" % (o.checkpoint, o.checkpoint))
        one_meaning(header, of_file, o.checkpoint)
        for key, had, has in [*((key, was[key], s[key]) for key in s), ("length", length, o.length),
                              *((key, meta.get(key, "none"), kept[key]) for key in kept)]:
            if had != has:
                fail("%s: made with %s %s, not %s" % (o.checkpoint, key, had, has))
        return tensors, int(meta["step"])
    if not o.start:
        return initial(s, o.seed, pairs), 0
    was, _, of_file, tensors, meta = read_model(o.start, pairs, compose=False)
    one_meaning(header, of_file, o.start)
    if was != s:
        fail("%s: has the sizes %s, not %s" % (o.start, was, s))
    if pairs is not None:  # a model has sums alone: its tokens begin with these, and its parts with zeros
        tensors.setdefault("parts", np.zeros((2, pairs[:, 1].max() + 1, s["width"]), "f4"))
    return {name: tensors[name] for name in tensors if name in shapes(s) or name == "parts"}, 0


def agree(o, kept):
    """Ends the program if the ranks do not have the same options, number of tokens and parts."""
    own = crc64(repr(kept).encode()) >> 1
    most = torch.tensor([own, -own], device=o.device)
    dist.all_reduce(most, dist.ReduceOp.MAX)
    if most.tolist() != [own, -own]:
        fail("the ranks have read different tokens or texts, or have other options")


def begin(o, s, header, kept, pairs):
    """The net, its optimiser, all tensors of the run's state by name, and the steps done."""
    tensors, done = read_state(o, s, header, kept, pairs) if o.rank == 0 else (initial(s, o.seed, pairs), 0)
    net, state = M2(s, tensors, pairs).to(o.device), {}
    net.recompute = o.recompute
    of = dict(net.named_parameters())
    matrices = ("qkv", "proj", "up", "down", "head")
    groups = [{"params": [of[name] for name in of if name in matrices], "weight_decay": o.weight_decay},
              {"params": [of[name] for name in of if name not in matrices], "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=o.lr, betas=(0.9, o.beta2), eps=1e-8)
    for name, p in of.items():
        state[name] = p.data
        for moment in ("exp_avg", "exp_avg_sq"):
            t = tensors.get(moment + "." + name, np.zeros(p.shape, "f4"))
            state[moment + "." + name] = torch.from_numpy(np.array(t)).to(o.device)
    steps = torch.tensor([done], device=o.device)
    for t in [steps, *state.values()] if o.ranks > 1 else []:  # rank 0 alone has read the checkpoint
        dist.broadcast(t, 0)
    for name, p in of.items():
        adam.state[p] = {"step": torch.tensor(float(steps)), "exp_avg": state["exp_avg." + name],
                         "exp_avg_sq": state["exp_avg_sq." + name]}
    return net, adam, state, int(steps)


def train_step(net, adam, o, ids, step, stop):
    """One step. Returns the mean loss in nats, and whether a rank was told to stop. The ranks share the rows of each
    batch, and end up with the same."""
    length, each, own, s = o.length, o.rows * o.accumulate, o.rows // o.ranks, net.sizes
    examples, total = -(-len(ids) // length), torch.zeros(2, dtype=torch.float64, device=o.device)
    numbers = [int(permutation(examples, o.seed, i // examples)[i % examples])
               for i in range((step - 1) * each, step * each)]
    count = sum(min(length, len(ids) - n * length) for n in numbers)  # tokens, on all ranks
    adam.zero_grad(set_to_none=True)
    for first in range(o.rank * own, each, o.rows):
        nats, z, _ = losses(net, *batch(ids, numbers[first:first + own], length, s["vocabulary"], o.tokens), o)
        ((nats.sum() + o.z_loss * z.pow(2).sum()) / count).backward()
        total[0] += nats.detach().double().sum()
    total[1] = len(stop)
    for t in [total, *(p.grad for p in net.parameters())] if o.ranks > 1 else []:
        dist.all_reduce(t)
    norm = torch.nn.utils.clip_grad_norm_(net.parameters(), o.clip)
    if not math.isfinite(float(total[0]) + float(norm)):
        fail("step %d: a loss or gradient is not finite%s" % (step, "; the checkpoint is good" if o.checkpoint else ""))
    for group in adam.param_groups:
        group["lr"] = rate(o, step)
    adam.step()
    return float(total[0]) / count, total[1] > 0


def stop_by_signals():
    """Has the first SIGINT or SIGTERM put its number into the list that is returned; the second ends the program."""
    stop = []

    def note(number, _):
        stop.append(number)
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, note)
    return stop


def end_by(number):
    """Ends the program as if the signal had ended it."""
    sys.stderr.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def train(o):
    ids, _, _, header = read_tokens(o.tokens, read_like(o.like))
    *sizes, reach = parse_size(o.size)
    s = dict(zip(SIZES, (vocabulary_of(header), *sizes, reach or min(o.length, 1024))))
    if o.rows % o.ranks:
        fail("-B: %d rows cannot be shared out evenly to %d ranks" % (o.rows, o.ranks), WRONG_USE)
    o.lr = 0.5 / s["width"] if o.lr is None else o.lr
    o.warmup = min(max(o.steps // 10, 1), 2000) if o.warmup is None else o.warmup
    kept = {key: str(getattr(o, key)) for key in ("rows", "accumulate", "seed")}
    pairs = read_pairs(o.texts, header)
    kept.update(examples="%d tokens" % len(ids), parts=parts_mark(pairs))
    if o.ranks > 1:
        agree(o, kept)
    net, adam, state, done = begin(o, s, header, kept, pairs)
    files, start, first, stop = (s, o.length, header), time.monotonic(), done, stop_by_signals()
    if done > 0 and o.rank == 0:
        print("m2.py: going on from step %d of %s" % (done, o.checkpoint) if done < o.steps else
              "m2.py: %s is at step %d: no more are made" % (o.checkpoint, done), file=sys.stderr)

    def arrays():
        return {name: t.cpu().numpy() for name, t in state.items()}

    def notes():
        of = {"tool": "m2.py", "steps": str(done), **kept, "lr": "%g" % o.lr, "warmup": str(o.warmup)}
        return {"note." + key: value for key, value in of.items()}
    for step in range(done + 1, o.steps + 1):
        (nats, stopped), done = train_step(net, adam, o, ids, step, stop), step
        if o.rank == 0 and (step % o.report == 0 or step == o.steps):
            rated = (step - first) * o.rows * o.accumulate * o.length / (time.monotonic() - start)
            print("step=%d lr=%.6g train_bits_per_token=%.6f tokens_per_second=%.0f" % (
                step, rate(o, step), nats / math.log(2), rated), file=sys.stderr)
        if o.rank == 0 and o.checkpoint and (step == o.steps or step % o.save_every == 0 or stopped):
            write_checkpoint(o.checkpoint, *files, arrays(), {"step": str(step), **kept, **notes()})
        if stopped and step < o.steps:
            if o.rank == 0:
                print("m2.py: stopped after step %d" % step + ("" if not o.checkpoint else
                      ", saved in %s; the same command goes on from there" % o.checkpoint), file=sys.stderr)
            if o.ranks > 1:
                dist.barrier()  # what started the ranks may end all when the first one ends
            end_by(stop[0] if stop else signal.SIGTERM)
    if o.rank == 0:
        tensors = arrays() if pairs is None else composed(arrays(), pairs)
        write_model(o.output, *files, tensors, notes())


# ---- generate, convert ----

def draw(logits, o, random):
    """A token drawn by the probabilities, or the most probable one."""
    if o.temperature == 0:
        return int(logits.argmax())
    p, at = torch.softmax(logits.double().cpu() / o.temperature, -1).sort(descending=True)
    p = p[:min(o.top_k, int((p.cumsum(-1) < o.top_p).sum()) + 1)]
    return int(at[torch.multinomial(p, 1, generator=random)])


def generate(o):
    s, _, header, tensors, _ = read_model(o.model, read_pairs(o.texts))
    header = one_meaning(header, read_like(o.like), o.like)
    ids = []
    if o.prompt:
        ids, _, _, header = read_tokens(o.prompt, header)
        need(max(ids) < s["vocabulary"], o.prompt, "an id is not below the vocabulary")
    if header is None:
        fail(o.model + ": has no stream's header: say --like")
    fits(s, header, o.model)
    v, b = header[16], header[11]
    whole = b // math.gcd(b, v) if b else 1  # tokens of whole windows
    end = [2 ** v - 1] * whole if b and b % v == 0 and header[18] & 2 else None
    net, past, random, new = M2(s, tensors).to(o.device), None, torch.Generator().manual_seed(o.seed), []
    read = [s["vocabulary"], *map(int, ids)]
    with torch.no_grad():
        while len(new) % whole or len(new) < o.tokens and not (o.stop and new[-whole:] == end):
            for at in range(0, len(read), 256):
                logits, past = net(torch.tensor([read[at:at + 256]], device=o.device), past)
            read = [draw(logits[0, -1], o, random)]
            new += read
            print(read[0], flush=True)


def convert(o):
    s, length, header, tensors, meta = read_model(o.model, read_pairs(o.texts))
    header = one_meaning(header, read_like(o.like), o.like)
    if header is None:
        fail(o.model + ": has no stream's header: say --like")
    fits(s, header, o.model)
    write_model(o.output, s, length, header, tensors, {key: meta[key] for key in meta if key.startswith("note.")})


# ---- options ----

def positive(text):
    n = int(text)
    if n < 1:
        raise ValueError
    return n


def parse():
    top = argparse.ArgumentParser(prog="m2.py", description="The token model M2 in PyTorch: see man nct.")
    commands = top.add_subparsers(dest="command", required=True)
    about_operands = {"model": "a model or a checkpoint", "output": "the model", "tokens":
                      "a token stream, or the ids of one, as bitpack --to=npy or --to=raw writes them"}

    def command(run, name, about, *operands):
        c = commands.add_parser(name, help=about, description=about)
        for operand in operands:
            c.add_argument(operand, help=about_operands[operand])
        c.add_argument("--like", metavar="STREAM", help="a token stream that says what ids mean")
        c.add_argument("--texts", metavar="FILE", help="texts of tokens, for a checkpoint in which they share parts"
                       if name != "train" else "texts of tokens (acwin --strings=llmc), which share parts of them; "
                       "without it each token learns alone")
        c.add_argument("--device", help="such as cpu or cuda:1 (a GPU, if there is one)")
        c.add_argument("--dtype", choices=("f32", "bf16"), help="numbers of products (f32; to train on a GPU, bf16)")
        c.add_argument("-T", "--threads", type=int, help="threads of the processor (as many as PyTorch takes)")
        c.set_defaults(run=run)
        return c

    def with_default(c, names, value, about):
        kind = positive if isinstance(value, int) and names not in ("-n --steps", "--seed") else type(value)
        c.add_argument(*names.split(), type=kind, default=value, metavar="N", help="%s (%g)" % (about, value))
    c = command(evaluate, "eval", "Print the table of losses that m2train -E prints.", "model", "tokens")
    c.add_argument("-B", "--rows", type=positive, metavar="N", help="examples in a batch (those of 16 million logits)")
    c.add_argument("-L", "--length", type=positive, metavar="N", help="tokens in an example (the model's)")
    c = command(train, "train", "Train a model by AdamW.", "tokens")
    c.add_argument("-o", "--output", required=True, metavar="FILE", help="the model")
    c.add_argument("-C", "--checkpoint", metavar="FILE", help="save the run here; go on from it if it exists")
    c.add_argument("--from", dest="start", metavar="FILE", help="begin with the parameters of a model or checkpoint")
    c.add_argument("-s", "--size", default="25m", help="as for m2train (25m)")
    c.add_argument("--recompute", action="store_true", help="keep no activations within layers: less memory, more time")
    c.add_argument("--lr", type=float, metavar="N", help="highest rate, from which half a cosine falls to a tenth "
                   "(0.5 / width)")
    c.add_argument("--warmup", type=int, metavar="N", help="steps of a rising rate (a tenth of all, at most 2000)")
    for names, value, about in (
            ("-n --steps", 20000, "steps"), ("-B --rows", 16, "examples in a batch, on all ranks together"),
            ("-L --length", 512, "tokens in an example"), ("--accumulate", 1, "batches in a step"),
            ("--weight-decay", 0.1, "of all matrices but embed and parts"),
            ("--beta2", 0.95, "AdamW's; beta1 is 0.9, epsilon 1e-8"), ("--clip", 1.0, "highest norm of the gradient"),
            ("--z-loss", 1e-4, "weight of log(Z)^2"), ("--seed", 1, "of the parameters and the order of examples"),
            ("--save-every", 500, "steps between checkpoints"), ("--report", 50, "steps between lines")):
        with_default(c, names, value, about)
    c = command(generate, "generate", "Print sampled ids, one a line.", "model")
    c.add_argument("prompt", nargs="?", help="tokens to go on from")
    c.add_argument("--stop", action="store_true", help="stop at a document's end")
    for names, value, about in (
            ("-n --tokens", 256, "tokens, rounded up to whole windows"), ("--temperature", 1.0, "0: the most probable"),
            ("--top-k", 65536, "of the N most probable"), ("--top-p", 1.0, "that sum up to N"), ("--seed", 1, "seed")):
        with_default(c, names, value, about)
    command(convert, "convert", "Make a model of a checkpoint.", "model", "output")
    return top.parse_args()


# Where files are among the options, and what they are called.
READ = (("model", "the model"), ("tokens", "the tokens"), ("prompt", "the prompt"), ("like", "--like"),
        ("texts", "--texts"), ("start", "--from"))
WRITTEN = (("checkpoint", "-C"), ("output", "the output"))


def files_of(o, kinds):
    files = [(name, getattr(o, at, None)) for at, name in kinds]
    return [(name, path) for name, path in files if isinstance(path, str)]


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    o = parse()
    o.ranks = int(os.environ.get("WORLD_SIZE", 1)) if o.command == "train" else 1  # torchrun sets these three
    o.rank, gpu = int(os.environ.get("RANK", 0)), "cuda:" + os.environ.get("LOCAL_RANK", "0")
    if o.device and o.device.startswith("cuda") and not torch.cuda.is_available():
        fail("--device=%s: PyTorch finds no GPU" % o.device)
    o.device = torch.device(gpu if o.device == "cuda" else o.device or (gpu if torch.cuda.is_available() else "cpu"))
    o.dtype = o.dtype or ("bf16" if o.device.type == "cuda" and o.command == "train" else "f32")
    if o.threads:
        torch.set_num_threads(o.threads)
    if o.device.type == "cuda":
        torch.cuda.set_device(o.device)
    if o.ranks > 1:
        dist.init_process_group("nccl" if o.device.type == "cuda" else "gloo")
    else:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever reads the output may stop, as in any pipe
    keep_apart(files_of(o, READ), files_of(o, WRITTEN))
    try:
        o.run(o)
    except OSError as e:
        fail("%s: %s" % (e.filename, e.strerror) if e.filename else str(e))
    if o.ranks > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
