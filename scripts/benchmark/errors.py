"""What can go wrong while measuring.

BenchmarkError
|-- MachineBusy        figures from a loaded machine would mean nothing
|-- NoLlamaServer      it is neither here nor can it be built
|-- ServerFailed       a server did not start, or ended by itself
`-- ScenarioFailed     one side could not do what a scenario asks for
"""


class BenchmarkError(Exception):
    """A sentence for the person at the terminal."""


class MachineBusy(BenchmarkError):
    pass


class NoLlamaServer(BenchmarkError):
    pass


class ServerFailed(BenchmarkError):
    pass


class ScenarioFailed(BenchmarkError):
    pass
