"""Spec to the compiled, immutable network, and the network to and from other programs."""

from __future__ import annotations

from twitchdx.network.compile import compile_leniently, compile_network, recompile
from twitchdx.network.contraction import joint
from twitchdx.network.implied import Implied, implied_figures
from twitchdx.network.interchange import (
    NETWORK_SUFFIXES,
    from_pgmpy,
    load_pgmpy,
    network_text,
    read_network,
    to_pgmpy,
)
from twitchdx.network.network import (
    RESERVED,
    Network,
    Node,
    NoisyMax,
    Table,
    closure,
    contribution,
    count_numbers,
    numbers_of,
)
from twitchdx.network.splitting import split_network

__all__ = [
    "NETWORK_SUFFIXES",
    "RESERVED",
    "Implied",
    "Network",
    "Node",
    "NoisyMax",
    "Table",
    "closure",
    "compile_leniently",
    "compile_network",
    "contribution",
    "count_numbers",
    "from_pgmpy",
    "implied_figures",
    "joint",
    "load_pgmpy",
    "network_text",
    "numbers_of",
    "read_network",
    "recompile",
    "split_network",
    "to_pgmpy",
]
