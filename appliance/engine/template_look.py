"""What can be told of a chat template before any of it runs.

`look` refuses by the syntax tree what no chat template needs: powers, includes, rare filters, deep
loops. `CountedTree` then puts the sandbox's counting filters around what may still take long.
"""

from jinja2 import Environment, nodes
from jinja2.exceptions import SecurityError
from jinja2.visitor import NodeTransformer

MAX_TREE_DEPTH = 100
MAX_LOOP_DEPTH = 3

_PLAIN_FILTER_NAMES = """
    abs capitalize count d default dictsort e escape first float int items last length lower
    map reject rejectattr reverse round safe select selectattr string title trim upper
"""
PLAIN_FILTERS = frozenset(_PLAIN_FILTER_NAMES.split())
OWN_FILTERS = frozenset({"join", "list", "replace", "tojson"})
_NODE_NAMES = """
    Add And Assign AssignBlock Break Call Compare Concat CondExpr Const Continue Dict Div
    ExprStmt Filter FloorDiv For Getattr Getitem If Keyword List Macro Mod Mul Name Neg Not NSRef
    Operand Or Output Pair Pos Scope Slice Sub Template TemplateData Test Tuple
"""
_NODES = frozenset(_NODE_NAMES.split())


def look(tree: nodes.Node) -> None:
    """Refuse by the syntax tree alone; nothing of the template has run."""
    pending: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    while pending:
        node, depth, loops = pending.pop()
        name = type(node).__name__
        if isinstance(node, nodes.For):
            loops += 1
            if node.recursive or loops > MAX_LOOP_DEPTH:
                raise SecurityError("its loops are nested too deep")
        if depth > MAX_TREE_DEPTH:
            raise SecurityError("its expressions are nested too deep")
        if name not in _NODES:
            raise SecurityError(f"it uses {name.lower()}, which no chat template needs")
        if isinstance(node, nodes.Filter) and node.name not in PLAIN_FILTERS | OWN_FILTERS:
            raise SecurityError("it uses a filter that no chat template needs")
        if isinstance(node, nodes.Mul) and any(
            isinstance(side, nodes.Const) and not isinstance(side.value, (int, float))
            for side in (node.left, node.right)
        ):
            raise SecurityError("it repeats a text")
        pending += [(child, depth + 1, loops) for child in node.iter_child_nodes()]


class CountedTree(NodeTransformer):
    """Puts the counting filters around loops, joins and container literals."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def _through(self, name: str, node: nodes.Node) -> nodes.Filter:
        wrapped = nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
        wrapped.set_environment(self._environment)
        return wrapped

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = self._through("_counted", node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return self._through("_joined", nodes.List(node.nodes, lineno=node.lineno))

    def visit_List(self, node: nodes.List) -> nodes.Node:
        self.generic_visit(node)
        return self._through("_weighed", node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        self.generic_visit(node)
        return self._through("_weighed", node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        return self._through("_weighed", node) if node.ctx == "load" else node
