"""python -m advisor: the `advisor` command, by the interpreter that is asked."""

import sys

from advisor.cli.main import PROGRAM, main

if __name__ == "__main__":
    sys.argv[0] = PROGRAM  # what provenance keeps
    main()
