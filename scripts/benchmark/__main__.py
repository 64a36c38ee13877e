"""python -m benchmark"""

from benchmark.command_line import main

main()
