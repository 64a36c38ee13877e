"""python -m torture_box"""

from torture_box.command_line import main

main()
