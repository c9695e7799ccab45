"""Networks to and from other programs: pgmpy objects and the file formats that pgmpy reads and writes."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twitchdx.errors import Issue, ModelError, Where
from twitchdx.network.network import Network, Node, Table
from twitchdx.network.splitting import MAX_CELLS, split_network
from twitchdx.numerics import read_only

if TYPE_CHECKING:
    from pgmpy.models import DiscreteBayesianNetwork

# Suffix -> (module of pgmpy.readwrite, reader, writer).
_FORMATS = {
    ".bif": ("BIF", "BIFReader", "BIFWriter"),
    ".xmlbif": ("XMLBIF", "XMLBIFReader", "XMLBIFWriter"),
    ".xdsl": ("XDSL", "XDSLReader", "XDSLWriter"),
    ".net": ("NET", "NETReader", "NETWriter"),
    ".uai": ("UAI", "UAIReader", "UAIWriter"),
}
NETWORK_SUFFIXES = tuple(_FORMATS)


def load_pgmpy(module: str) -> Any:
    """Import a module of pgmpy, without the warnings that it raises about its own internals."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        # Its progress bars look for a widget in notebooks, and nothing here draws one.
        warnings.filterwarnings("ignore", message="IProgress not found")
        return importlib.import_module(f"pgmpy.{module}")


def to_pgmpy(network: Network, max_cells: int = MAX_CELLS) -> DiscreteBayesianNetwork:
    """The network as a pgmpy object, exact and small.

    Parameters
    ----------
    network : Network
        The compiled network.
    max_cells : int
        Noisy nodes whose table would have more cells are split (parent divorcing). Helper nodes have
        a double underscore in their names and leave every marginal unchanged.

    Returns
    -------
    pgmpy.models.DiscreteBayesianNetwork
        It has passed `check_model()`.
    """
    models, discrete = load_pgmpy("models"), load_pgmpy("factors.discrete")
    tables = split_network(network, max_cells)
    result: DiscreteBayesianNetwork = models.DiscreteBayesianNetwork()
    result.add_nodes_from(tables)
    result.add_edges_from((parent, name) for name, node in tables.items() for parent in node.parents)
    for name, node in tables.items():
        assert isinstance(node.mechanism, Table)
        values = np.moveaxis(node.mechanism.values, -1, 0).reshape(len(node.states), -1)
        result.add_cpds(
            discrete.TabularCPD(
                name,
                len(node.states),
                values,
                evidence=list(node.parents) or None,
                evidence_card=[tables.cardinality(parent) for parent in node.parents] or None,
                state_names={each: list(tables[each].states) for each in (name, *node.parents)},
            )
        )
    result.check_model()
    return result


def from_pgmpy(model: DiscreteBayesianNetwork) -> Network:
    """A network of tables from a pgmpy object; state names become text."""
    nodes = []
    for cpd in model.get_cpds():
        name, *parents = cpd.variables
        values = np.moveaxis(np.asarray(cpd.values, dtype=np.float64), 0, -1)
        # pgmpy accepts columns that miss 1 by almost a hundredth, and files print a few digits only.
        values = values / values.sum(axis=-1, keepdims=True)
        states = tuple(str(state) for state in cpd.state_names[name])
        nodes.append(Node(str(name), states, Table(tuple(map(str, parents)), read_only(values))))
    return Network(nodes)


def read_network(path: Path) -> Network:
    """Read a network file (.bif, .xmlbif, .xdsl, .net, .uai).

    Raises
    ------
    ModelError
        The file cannot be read as the format that its name says.
    """
    module, reader, _ = _FORMATS[path.suffix]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = getattr(load_pgmpy(f"readwrite.{module}"), reader)(str(path)).get_model()
            model.check_model()
            if not model.nodes():  # what some readers make of a text in which they understand nothing
                raise ValueError("no variable was found in it")  # noqa: TRY301 - the handler tells it
            return from_pgmpy(model)
    except Exception as error:  # noqa: BLE001 - the readers raise whatever their parsers do
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        found = f"the file cannot be read as {path.suffix[1:].upper()}: {said}"
        fix = "Open it with the program that wrote it and export it again; .bif and .xdsl are read best."
        raise ModelError(
            "The network file cannot be read.",
            [Issue("error", "network-file", Where("", str(path), 1), found, fix)],
        ) from None


def network_text(network: Network, suffix: str) -> str:
    """The network in the text of a file format (`.bif`, `.xmlbif`)."""
    module, _, writer = _FORMATS[suffix]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = getattr(load_pgmpy(f"readwrite.{module}"), writer)(to_pgmpy(network))
        text = str(written)
    return text if text.endswith("\n") else f"{text}\n"
